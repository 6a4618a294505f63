"""A run that starts from the model in production, when a class has been added."""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np
import pytest

from components.contract import KERAS_MODEL_FILE, PUSHED_KERAS_MODEL
from pipeline.workspace import open_workspace
from tests.conftest import SETTINGS, Trial
from tests.image_files import write_folder
from trainer.model.saved_classifier import saved_labels

pytestmark = pytest.mark.e2e
WHATEVER_COMES_OF_IT = ("evaluation.min_accuracy=0", "evaluation.max_accuracy_drop=1")


def _weights(path: Path) -> dict[str, np.ndarray]:
    model = keras.models.load_model(path, compile=False)
    return {weight.path: weight.numpy() for weight in model.weights}


def test_the_next_run_starts_from_the_weights_of_the_last_with_a_new_class(tmp_path: Path) -> None:
    images = write_folder(tmp_path / "images", {"down": 20, "plain": 20})
    settings = (*SETTINGS, *WHATEVER_COMES_OF_IT, "model.start_from=production")
    trial = Trial(images, open_workspace(tmp_path / "workspace"), settings)
    assert trial.run("first", ["training.epochs=1"]).status == "pushed"
    trained = trial.artifact("Trainer", "model") / KERAS_MODEL_FILE
    version = trial.workspace.model_dir("stripes") / "1"
    assert (version / PUSHED_KERAS_MODEL).read_bytes() == trained.read_bytes()
    assert saved_labels(trained) == ("down", "plain")
    before = _weights(trained)

    write_folder(images, {"across": 20}, first_seed=700_000)
    summary = trial.run("one class more", ["training.epochs=0"])
    assert summary.status == "pushed", summary.reason
    newest = trial.artifact("Trainer", "model") / KERAS_MODEL_FILE
    assert saved_labels(newest) == ("down", "plain", "across")
    after = _weights(newest)
    assert after.keys() == before.keys()
    for path, weight in after.items():
        logits = "logits" in path
        np.testing.assert_array_equal(weight[..., :2] if logits else weight, before[path])
        assert weight.shape[-1] == before[path].shape[-1] + logits
