from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from serving.contract import IMAGE_BYTES, SERVING_DEFAULT, TOP_LABELS
from serving.session_model import SessionModel
from tests.conftest import Trial
from tests.image_files import patterned_bytes
from tests.trainer.stripes_request import stripes_request
from trainer.model.saved_classifier import saved_labels
from trainer.model.warm_start import load_source
from trainer.run_fn import train_and_export
from trainer.settings import ServingSettings, TrainingSettings
from trainer.training_run.callbacks import DivergedError


def test_of_a_training_that_diverges_a_model_is_kept_that_another_can_start_from(
    trial: Trial, tmp_path: Path
) -> None:
    # The first of its steps, an epoch each, is one of nothing, and the second ruins the model.
    training = {
        "batch_size": 128,
        "phases": [{"train": "all", "epochs": 5, "learning_rate": 1e38}],
        "schedule": {"name": "constant", "warmup_epochs": 4},
        "optimizer": {"name": "sgd"},
    }
    request = stripes_request(trial, tmp_path, TrainingSettings.model_validate(training))
    with pytest.raises(DivergedError) as caught:
        train_and_export(request)
    (kept,) = (tmp_path / "cache" / "diverged").glob("*/model.keras")
    assert str(kept) in str(caught.value)
    assert saved_labels(kept) == request.labels
    assert all(np.isfinite(weights).all() for weights in load_source(kept).get_weights())


def test_what_a_training_came_to_is_exported_again_where_only_the_export_is_another(
    trial: Trial, tmp_path: Path
) -> None:
    training = TrainingSettings.model_validate({"phases": [{"train": "all", "epochs": 2}]})
    first = stripes_request(trial, tmp_path, training)
    further = {
        "first": first,
        "same": replace(first, serving=ServingSettings(top_k=1)),
        "as learnt": replace(first, serving=ServingSettings(calibration="none")),
        "other": replace(first, seed=1),
    }
    runs = {}
    for name, request in further.items():
        folder = tmp_path / name
        train_and_export(
            replace(request, run_dir=folder / "run", saved_model_dir=folder / "model" / "Format-Serving")
        )
        weights = load_source(folder / "model" / "model.keras").get_weights()
        # What an epoch took tells whether it was run.
        runs[name] = weights, (folder / "run" / "history.csv").read_text()
    assert runs["same"][1] == runs["first"][1]
    assert [row.rpartition(",")[2] for row in sorted(runs["same"][1].split())] in (
        ["0", "1", "kept"],
        ["1", "0", "kept"],
    )
    for ours, theirs in zip(runs["same"][0], runs["first"][0], strict=True):
        np.testing.assert_array_equal(ours, theirs)
    assert runs["as learnt"][1] == runs["first"][1]
    *_, kernel, bias = runs["as learnt"][0]
    *_, calibrated_kernel, calibrated_bias = runs["first"][0]
    temperature = kernel[0, 0] / calibrated_kernel[0, 0]
    assert temperature != pytest.approx(1, abs=0.01)
    np.testing.assert_allclose(kernel, calibrated_kernel * temperature, rtol=1e-4)
    np.testing.assert_allclose(bias, calibrated_bias * temperature, rtol=1e-4)
    assert runs["other"][1] != runs["first"][1]
    assert not list((tmp_path / "cache" / "interrupted").glob("*"))
    with SessionModel.load(tmp_path / "same" / "model" / "Format-Serving") as model:
        labels = model.run(SERVING_DEFAULT, {IMAGE_BYTES: np.array([patterned_bytes(0, 0, "PNG")], object)})[
            TOP_LABELS
        ]
    assert labels.shape == (1, 1)
