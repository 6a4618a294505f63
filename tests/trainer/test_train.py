from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest

from components.contract import ConfigError
from tests.conftest import Trial
from tests.trainer.made_up_splits import MadeUpSplit
from trainer.model.classifier import build_classifier
from trainer.model.saved_classifier import add_labels
from trainer.model.settings import ModelSettings
from trainer.settings import ServingSettings, TrainingSettings
from trainer.train import _builder, opened_splits, train
from trainer.train_request import TrainRequest
from trainer.training_run.fit import Splits


class EnoughError(Exception):
    """Ends training once the question is answered."""


@pytest.mark.parametrize(("cache_gib", "in_memory"), [(0.0, False), (0.00001, False), (1.0, True)])
def test_decoded_images_are_kept_in_memory_only_as_far_as_allowed(
    trial: Trial, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cache_gib: float, in_memory: bool
) -> None:
    asked: list[Path | None] = []

    def split_images(records: object, transform: object, size: int, scratch: Path | None) -> None:
        asked.append(scratch)
        if len(asked) == 2:
            raise EnoughError

    monkeypatch.setattr("trainer.train.SplitImages", split_images)
    examples = trial.artifact("ImageFolderExampleGen", "examples")
    request = TrainRequest(
        name="stripes",
        model=ModelSettings(backbone="small_cnn", weights="none", image_size=16),
        training=TrainingSettings(cache_gib=cache_gib),
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
    with pytest.raises(EnoughError), opened_splits(request):
        pass
    assert [file is None for file in asked] == [in_memory, in_memory]
    assert asked[0] != asked[1] or in_memory
    assert list((tmp_path / "run").iterdir()) == []


def test_a_training_begins_the_same_whatever_was_built_before(tmp_path: Path) -> None:
    pixels = np.zeros((4, 32, 32, 3), np.uint8)
    split = MadeUpSplit(pixels, np.arange(4) % 2)
    request = TrainRequest(
        name="two",
        model=ModelSettings(backbone="mobilenet", alpha=0.25, weights="none", image_size=32),
        training=TrainingSettings(epochs=0),
        serving=ServingSettings(),
        seed=0,
        labels=("ape", "emu"),
        train_pattern="",
        eval_pattern="",
        train_counts=(2, 2),
        transform_dir="",
        saved_model_dir=tmp_path / "model",
        run_dir=tmp_path / "run",
        cache_dir=tmp_path / "cache",
        code="code",
        preprocessing="preprocessing",
    )
    # The second finds the numbers taken that Keras gives to layers which nobody names.
    (first, figures), (second, _) = (
        train(request, Splits(split, split, (2, 2)), tmp_path / "history.csv") for _ in range(2)
    )
    assert figures is None
    for ours, theirs in zip(first.model.get_weights(), second.model.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)


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
