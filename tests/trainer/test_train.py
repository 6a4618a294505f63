from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from components.contract import ConfigError
from tests.conftest import Trial
from tests.trainer.made_up_splits import MadeUpSplit
from tests.trainer.stripes_request import stripes_request
from trainer.images.split_records import read_split
from trainer.model.classifier import build_classifier
from trainer.model.saved_classifier import add_labels
from trainer.model.settings import ModelSettings
from trainer.settings import PhaseSettings, ServingSettings, TrainingSettings
from trainer.train import _builder, opened_splits, train
from trainer.train_request import TrainRequest, training_key
from trainer.training_run.callbacks import TimeLimit
from trainer.training_run.fit import Splits


@pytest.mark.parametrize("fitting", [0, 1, 2, 4])
def test_decoded_images_of_all_sizes_are_kept_in_memory_only_as_far_as_allowed(
    trial: Trial, tmp_path: Path, fitting: int
) -> None:
    # As they are asked for: the splits at the size of the model, then smaller ones for another phase.
    names = ["train.16", "eval.16", "train.8", "eval.8"]
    examples = trial.artifact("ImageFolderExampleGen", "examples")
    counts = [read_split(str(examples / f"Split-{name}" / "*")).count for name in ("train", "eval")]
    allowed = sum([3 * size**2 * count for size in (16, 8) for count in counts][:fitting])
    request = stripes_request(trial, tmp_path, TrainingSettings(cache_gib=allowed / 2**30))
    with opened_splits(request) as (splits, _):
        for size in (16, 8):
            for split in (splits.train, splits.evaluation):
                split.pixels(size)
        assert {file.name for file in (tmp_path / "run").glob("*/*")} == set(names[fitting:])
    assert list((tmp_path / "run").iterdir()) == []


@pytest.mark.parametrize(
    ("changed", "same"),
    [
        ({"cache_gib": 0}, True),
        ({"feature_cache_gib": 0}, True),
        ({"tensorboard": False}, True),
        ({"batch_size": 8}, False),
        ({"max_minutes": 3}, False),
    ],
)
def test_an_interrupted_training_is_known_again_however_its_images_are_kept(
    tmp_path: Path, changed: dict[str, float], same: bool
) -> None:
    keys = [
        training_key(*_two_classes(tmp_path, TrainingSettings.model_validate(each))) for each in ({}, changed)
    ]
    assert (keys[0] == keys[1]) == same


def _two_classes(folder: Path, training: TrainingSettings) -> tuple[TrainRequest, Splits]:
    """A narrow MobileNet, and four black images."""
    split = MadeUpSplit(np.zeros((4, 32, 32, 3), np.uint8), np.arange(4) % 2)
    request = TrainRequest(
        name="two",
        model=ModelSettings(backbone="mobilenet", alpha=0.25, weights="none", image_size=32),
        training=training,
        serving=ServingSettings(),
        seed=0,
        labels=("ape", "emu"),
        train_pattern="",
        eval_pattern="",
        train_counts=(2, 2),
        transform_dir="",
        saved_model_dir=folder / "model",
        run_dir=folder / "run",
        cache_dir=folder / "cache",
        code="code",
        preprocessing="preprocessing",
    )
    return request, Splits(split, split, (2, 2))


def test_a_training_begins_the_same_whatever_was_built_before(tmp_path: Path) -> None:
    request, splits = _two_classes(tmp_path, TrainingSettings(epochs=0))
    # The second finds the numbers taken that Keras gives to layers which nobody names.
    (first, figures), (second, _) = (train(request, splits, tmp_path / "history.csv") for _ in range(2))
    assert figures is None
    for ours, theirs in zip(first.model.get_weights(), second.model.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)


class _KilledError(Exception):
    pass


def _kill(callback: TimeLimit, epoch: int, logs: object = None) -> None:
    assert callback.model.dtype_policy.name == "mixed_float16"
    if epoch == 1:
        raise _KilledError


def test_what_was_killed_on_a_machine_with_gpus_is_done_anew_on_one_without(tmp_path: Path) -> None:
    phases = (PhaseSettings(train="head", epochs=2),)
    request, splits = _two_classes(tmp_path, TrainingSettings(phases=phases, mixed_precision="on"))
    history = tmp_path / "history.csv"
    with pytest.MonkeyPatch.context() as patch:
        # As far as the choice of the numbers' format goes, which decides what the optimizer keeps.
        patch.setattr(tf.config, "list_physical_devices", lambda kind="": ["GPU:0"] * (kind == "GPU"))
        patch.setattr(TimeLimit, "on_epoch_begin", _kill, raising=False)
        with pytest.raises(_KilledError):
            train(request, splits, history)
    classifier, figures = train(request, splits, history)
    assert figures is not None
    assert len(history.read_text().splitlines()) == 3
    # It has learnt in 16 bits, and answers in 32.
    layers = [layer for layer in classifier.model._flatten_layers() if layer.weights]
    assert {layer.compute_dtype for layer in layers} == {"float32"}


def test_classifiers_of_every_size_start_from_the_model_that_is_named(tmp_path: Path) -> None:
    plain = ModelSettings(backbone="small_cnn", weights="none", image_size=16)
    source = build_classifier(plain, 2).model
    file = tmp_path / "model.keras"
    source.save(file)
    add_labels(file, ("emu", "ape"))
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    settings = plain.model_copy(update={"start_from": str(file), "start_from_sha256": digest})
    started = _builder(settings, ("ape", "cat", "emu"))(16)
    assert started.pretrained
    before, after = source.get_weights(), started.model.get_weights()
    for old, new in zip(before[:-2], after[:-2], strict=True):
        np.testing.assert_array_equal(old, new)
    for old, new in zip(before[-2:], after[-2:], strict=True):
        np.testing.assert_array_equal(old[..., [1, 0]], new[..., [0, 2]])
    assert not _builder(plain, ("ape", "emu"))(16).pretrained
    file.write_bytes(b"another")
    with pytest.raises(ConfigError, match="is not the file it should be"):
        _builder(settings, ("ape", "emu"))
