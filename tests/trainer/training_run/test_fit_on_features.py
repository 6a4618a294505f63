from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from tests.trainer.made_up_splits import MadeUpSplit
from tests.trainer.training_run.small_fit import (
    CLASSES,
    EVALUATION,
    HEAD,
    TRAIN,
    answers_of,
    build,
    fit_small,
    history_rows,
)
from trainer.images.pixel_store import PixelStore
from trainer.optimization.precision import dtype_policy
from trainer.training_run import phase

pytestmark = pytest.mark.long


@pytest.fixture
def decoded(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many pixels were read at a time."""
    read, counts = PixelStore.read, []

    def counted(store: PixelStore, indices: np.ndarray) -> np.ndarray:
        counts.append(len(indices))
        return read(store, indices)

    monkeypatch.setattr(PixelStore, "read", counted)
    return counts


def test_a_head_phase_leaves_the_backbone_alone_and_runs_it_once_an_image(
    tmp_path: Path, decoded: list[int]
) -> None:
    untouched = build(0)
    classifier = fit_small(tmp_path, **HEAD)
    assert sum(decoded) == TRAIN.count + EVALUATION.count
    for ours, theirs in zip(classifier.backbones[0].weights, untouched.backbones[0].weights, strict=True):
        np.testing.assert_array_equal(ours, theirs)
    assert not np.array_equal(classifier.head.weights[0], untouched.head.weights[0])


@pytest.mark.parametrize("size", [64, 32])
def test_a_head_with_attention_learns_from_the_feature_maps_of_several_backbones(
    tmp_path: Path, size: int
) -> None:
    def larger(split: MadeUpSplit) -> MadeUpSplit:
        return MadeUpSplit(split.array.repeat(2, 1).repeat(2, 2), split.records.labels)

    one = {"backbone": "mobilenet", "alpha": 0.25, "weights": "none"}
    model = {
        **one,
        "image_size": 64,
        "fused_with": [{**one, "image_size": size}],
        "head": {"attention": "cbam"},
    }
    classifier = fit_small(tmp_path, model=model, splits=(larger(TRAIN), larger(EVALUATION)), **HEAD)
    right = classifier.model(larger(EVALUATION).array.astype(np.float32), training=False).numpy()
    loss = -np.log(right[np.arange(16), np.arange(16) % CLASSES]).mean()
    assert min(float(row["val_loss"]) for row in history_rows(tmp_path)) == pytest.approx(loss, rel=1e-3)


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16"])
def test_a_head_learns_from_features_in_half_precision(tmp_path: Path, policy: str) -> None:
    with dtype_policy(policy):
        classifier = fit_small(tmp_path, **HEAD)
    assert (answers_of(classifier).argmax(1) == np.arange(16) % CLASSES).all()


def test_a_later_run_computes_no_features_again(tmp_path: Path, decoded: list[int]) -> None:
    fit_small(tmp_path, **HEAD)
    decoded.clear()
    fit_small(tmp_path, loss={"name": "focal"}, phases=[{"train": "head", "epochs": 7, "learning_rate": 0.1}])
    assert decoded == []
    more = MadeUpSplit(
        np.concatenate([TRAIN.array, TRAIN.array[:3] // 2]),
        np.concatenate([TRAIN.records.labels, TRAIN.records.labels[:3]]),
    )
    fit_small(tmp_path, splits=(more, EVALUATION), **HEAD)
    assert sum(decoded) == 3
    decoded.clear()
    fit_small(tmp_path, seed=1, **HEAD)  # a backbone with other weights
    assert sum(decoded) == TRAIN.count + EVALUATION.count


def test_features_are_computed_anew_after_the_backbone_has_changed(
    tmp_path: Path, decoded: list[int]
) -> None:
    head, everything = {"train": "head", "epochs": 1}, {"train": "all", "epochs": 1, "learning_rate": 0.01}
    fit_small(tmp_path, phases=[head, head])
    once = sum(decoded)
    decoded.clear()
    (tmp_path / "other").mkdir()
    fit_small(tmp_path / "other", phases=[head, everything, head])
    # Features twice, and one epoch with a look at the eval split.
    assert sum(decoded) == 3 * once


def test_augmented_views_take_turns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second, third = _features_of_epochs(tmp_path, monkeypatch, {"op": "noise", "std": 50})
    np.testing.assert_array_equal(first, third)
    assert not np.allclose(first, second)


def test_no_view_is_of_several_images_because_it_has_the_label_of_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second, _ = _features_of_epochs(
        tmp_path, monkeypatch, {"op": "mixup", "alpha": 9}, {"op": "cutmix"}
    )
    np.testing.assert_allclose(first, second, rtol=1e-6)


def _features_of_epochs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *ops: dict[str, Any]
) -> list[np.ndarray]:
    """What a head sees in each of three epochs with two views: the features' sums, in rising order."""
    seen: list[np.ndarray] = []
    real = phase.training_batches

    def noted(*words: Any) -> tf.data.Dataset:
        batches = real(*words)
        seen.extend(inputs for inputs, _ in batches.as_numpy_iterator())
        return batches

    monkeypatch.setattr(phase, "training_batches", noted)
    fit_small(tmp_path, feature_views=2, augmentation={"ops": ops}, phases=[{"train": "head", "epochs": 3}])
    epochs = [np.concatenate(seen[start : start + 4]) for start in (0, 4, 8)]
    return [np.sort(epoch.sum(1)) for epoch in epochs]
