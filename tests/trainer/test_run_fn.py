from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.conftest import Trial
from trainer.model.saved_classifier import saved_labels
from trainer.model.settings import ModelSettings
from trainer.model.warm_start import load_source
from trainer.run_fn import train_and_export
from trainer.settings import ServingSettings, TrainingSettings
from trainer.train_request import TrainRequest
from trainer.training_run.callbacks import DivergedError


def test_of_a_training_that_diverges_a_model_is_kept_that_another_can_start_from(
    trial: Trial, tmp_path: Path
) -> None:
    examples = trial.artifact("ImageFolderExampleGen", "examples")
    # The first of its steps, an epoch each, is one of nothing, and the second ruins the model.
    training = {
        "batch_size": 128,
        "phases": [{"train": "all", "epochs": 5, "learning_rate": 1e38}],
        "schedule": {"name": "constant", "warmup_epochs": 4},
        "optimizer": {"name": "sgd"},
    }
    request = TrainRequest(
        name="stripes",
        model=ModelSettings(backbone="small_cnn", weights="none", image_size=16),
        training=TrainingSettings.model_validate(training),
        serving=ServingSettings(),
        seed=0,
        labels=("across", "down", "plain"),
        train_pattern=str(examples / "Split-train" / "*"),
        eval_pattern=str(examples / "Split-eval" / "*"),
        train_counts=(24, 24, 24),
        transform_dir=str(trial.artifact("Transform", "transform_graph")),
        saved_model_dir=tmp_path / "model" / "Format-Serving",
        run_dir=tmp_path / "run",
        cache_dir=tmp_path / "cache",
        code="code",
        preprocessing="preprocessing",
    )
    with pytest.raises(DivergedError) as caught:
        train_and_export(request)
    (kept,) = (tmp_path / "cache" / "diverged").glob("*/model.keras")
    assert str(kept) in str(caught.value)
    assert saved_labels(kept) == request.labels
    assert all(np.isfinite(weights).all() for weights in load_source(kept).get_weights())
