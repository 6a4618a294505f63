"""A run that looks for better settings before it trains."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pipeline.config import load_config
from pipeline.dag import create_pipeline
from pipeline.workspace import open_workspace
from tests.conftest import Trial
from tests.image_files import write_folder

pytestmark = pytest.mark.e2e

RATE = "training.phases.0.learning_rate"
TUNING = (
    "evaluation.min_accuracy=0",
    "tuning.trials=3",
    "tuning.algorithm=grid",
    "tuning.objective=loss",
    "tuning.max_epochs=2",
    f"tuning.space={{{RATE}: {{choices: [1.0e-7, 0.01]}}, model.head.hidden: {{choices: [[8]]}}}}",
)


def test_the_best_values_train_the_model_and_stand_in_a_ready_configuration(tmp_path: Path) -> None:
    images = write_folder(tmp_path / "images", {"across": 20, "down": 20})
    trial = Trial(images, open_workspace(tmp_path / "workspace"))

    summary = trial.run("first", TUNING)
    assert (summary.status, summary.reason) == ("pushed", None)
    stages = {stage.name: stage.status for stage in summary.stages}
    assert (len(stages), stages["Tuner"], stages["Trainer"]) == (13, "ran", "ran")
    best_yaml = trial.workspace.run_dir("first") / "best.yaml"
    assert summary.tuned is not None
    assert summary.tuned.values == {RATE: 0.01, "model.head.hidden": [8]}
    assert (summary.tuned.trials, summary.tuned.config) == (2, str(best_yaml))
    assert (
        json.loads((best_yaml.parent / "summary.json").read_text())["tuned"]["score"] == summary.tuned.score
    )

    best = load_config(best_yaml)
    assert (best.training.phases[0].learning_rate, best.model.head.hidden) == (0.01, (8,))
    assert (best.tuning.trials, best.name, best.training.batch_size) == (0, "stripes", 16)

    # The cut was for trials only, and the Trainer has taken the values: it has a layer of 8 units.
    history = (trial.artifact("Trainer", "model_run") / "history.csv").read_text().splitlines()
    assert len(history) > 3
    assert float(history[1].split(",")[2]) > 1e-3

    again = trial.run("again", TUNING)
    assert {stage.status for stage in again.stages} == {"cached"}
    assert again.tuned is not None and again.tuned.values == summary.tuned.values
    assert (trial.workspace.run_dir("again") / "best.yaml").read_text() == best_yaml.read_text()

    nodes = [each.id for each in create_pipeline(trial.config(), trial.workspace).components]
    assert len(nodes) == 12
    assert "Tuner" not in nodes
