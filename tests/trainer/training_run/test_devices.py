"""Training on two devices, which are two halves of the processor here."""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.own_process import run_apart
from tests.trainer.made_up_splits import MadeUpSplit
from trainer.model.classifier import build_classifier
from trainer.model.settings import ModelSettings
from trainer.settings import TrainingSettings
from trainer.training_run.callbacks import TimeLimit
from trainer.training_run.devices import dealt_out, mirrored, training_strategy
from trainer.training_run.fit import RunFiles, Splits, fit

pytestmark = pytest.mark.long

SIZE, CLASSES = 16, 3
# 33 images in batches of 16 leave one for the last step, and so do 17. Nothing is random within a step, for
# each device would draw numbers of its own.
SETTINGS: dict[str, Any] = {
    "batch_size": 16,
    "optimizer": {"name": "sgd", "ema": 0.5},
    "class_weights": "inverse",
    "xla": "off",
    "phases": [
        {"train": "head", "epochs": 2, "learning_rate": 0.05},
        {
            "train": "all",
            "epochs": 2,
            "learning_rate": 0.01,
            "layer_rates": [{"layers": "head", "factor": 2.0}],
        },
    ],
}


def _split(count: int, seed: int) -> MadeUpSplit:
    random = np.random.default_rng(seed)
    labels = np.arange(count) % CLASSES
    pixels = random.integers(0, 120, (count, SIZE, SIZE, 3)) + 50 * labels[:, None, None, None]
    return MadeUpSplit(pixels.astype(np.uint8), labels)


def _train(
    folder: Path,
    strategy: tf.distribute.Strategy | None,
    head: Mapping[str, object] = MappingProxyType({}),
    **settings: object,
) -> list[np.ndarray]:
    model = ModelSettings.model_validate(
        {"backbone": "lenet", "weights": "none", "image_size": SIZE, "head": {"dropout": 0.0, **head}}
    )
    counts, evaluation = np.array((20, 8, 5)), _split(15, 1)
    keras.utils.set_random_seed(0)
    folder.mkdir(exist_ok=True)
    classifier, figures = fit(
        lambda size: build_classifier(model, CLASSES, size),
        Splits(_split(33, 0), evaluation, counts.tolist()),
        TrainingSettings.model_validate({**SETTINGS, **settings}),
        7,
        "none",
        RunFiles(folder / "history.csv", folder / "resume", folder / "features"),
        strategy,
    )
    kinds = {
        isinstance(variable.value, tf.distribute.DistributedValues) for variable in classifier.model.weights
    }
    assert kinds == {False}
    # It is the model that was looked at.
    answers = classifier.model.predict(evaluation.array.astype(np.float32), verbose=0)
    labels = evaluation.records.labels
    surprise = -np.log(answers[range(len(labels)), labels]) * counts.sum() / CLASSES / counts[labels]
    assert figures is not None
    assert figures.loss == pytest.approx(surprise.mean(), rel=1e-4)
    return classifier.model.get_weights()


def _on_two_devices(question: Callable[[Path], None], folder: Path) -> None:
    """Two devices have to be asked for before TensorFlow has looked at those there are."""
    (processor,) = tf.config.list_physical_devices("CPU")
    tf.config.set_logical_device_configuration(processor, [tf.config.LogicalDeviceConfiguration()] * 2)
    question(folder)


def _in_a_process_of_its_own(question: Callable[[Path], None], folder: Path) -> None:
    log = folder / "log"
    assert run_apart(log, _on_two_devices, question, folder) == 0, log.read_text()[-3000:]


def _two_devices() -> tf.distribute.Strategy:
    return mirrored(("CPU:0", "CPU:1"))


def _one_and_two(folder: Path, **settings: object) -> None:
    one, two = (
        _train(folder / name, strategy, **settings)
        for name, strategy in (("one", None), ("two", _two_devices()))
    )
    for ours, theirs in zip(one, two, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-3, atol=1e-4)
    for figure in ("val_loss", "val_accuracy"):
        figures = [
            [float(row[figure]) for row in csv.DictReader((folder / name / "history.csv").open())]
            for name in ("one", "two")
        ]
        np.testing.assert_allclose(*figures, rtol=1e-3)


def _clipped(folder: Path) -> None:
    # Short enough that each step is clipped, and the parts of it that the two devices have.
    _one_and_two(folder, optimizer={"name": "sgd", "ema": 0.5, "clip_norm": 0.1})


def _with_a_rate_that_is_a_variable(folder: Path) -> None:
    for name in ("constant", "plateau"):
        (folder / name).mkdir()
        _one_and_two(folder / name, schedule={"name": name})


def _one_after_the_other(folder: Path) -> None:
    for hidden in ((), (8,)):
        keras.backend.clear_session()  # As before each training.
        _train(folder / f"{len(hidden)}", _two_devices(), {"hidden": hidden})


class _DiedError(Exception):
    pass


def _disturbed(folder: Path) -> None:
    head = {"normalization": "batch"}  # Of which each device sees its own part of a batch.
    settings: dict[str, Any] = {
        "augmentation": {"preset": "light"},
        "optimizer": {"name": "adam", "clip_norm": 1.0},
    }
    settings["phases"] = [{"train": "all", "epochs": 2, "learning_rate": 0.01}]
    whole = _train(folder / "whole", _two_devices(), head, **settings)
    on_epoch_begin = TimeLimit.on_epoch_begin

    def die(callback: TimeLimit, epoch: int, logs: object = None) -> None:
        if epoch == 1:
            raise _DiedError

    TimeLimit.on_epoch_begin = die
    with pytest.raises(_DiedError):
        _train(folder / "broken", _two_devices(), head, **settings)
    TimeLimit.on_epoch_begin = on_epoch_begin
    assert (folder / "broken" / "resume" / "epochs-0.npz").exists()
    broken = _train(folder / "broken", _two_devices(), head, **settings)
    for ours, theirs in zip(whole, broken, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-3, atol=1e-5)


def test_two_devices_come_to_the_same_weights_as_one(tmp_path: Path) -> None:
    _in_a_process_of_its_own(_one_and_two, tmp_path)


def test_two_devices_clip_the_gradient_of_the_whole_batch(tmp_path: Path) -> None:
    _in_a_process_of_its_own(_clipped, tmp_path)


def test_on_two_devices_the_rate_may_be_one_that_no_step_changes(tmp_path: Path) -> None:
    _in_a_process_of_its_own(_with_a_rate_that_is_a_variable, tmp_path)


def test_a_second_training_on_two_devices_may_have_another_model(tmp_path: Path) -> None:
    _in_a_process_of_its_own(_one_after_the_other, tmp_path)


def test_a_run_on_two_devices_goes_on_as_if_undisturbed(tmp_path: Path) -> None:
    _in_a_process_of_its_own(_disturbed, tmp_path)


def test_one_device_takes_the_batches_as_they_are() -> None:
    batches = tf.data.Dataset.range(3)
    assert dealt_out(batches, training_strategy()) is batches
