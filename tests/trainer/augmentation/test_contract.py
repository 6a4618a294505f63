"""What every op promises, whatever it does."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.trainer.augmentation.batches import SEED, augmented, one_hot, photographs
from trainer.augmentation.augment import augment
from trainer.augmentation.registry import GEOMETRIC, MIXING, PIXEL
from trainer.augmentation.settings import OPS, AugmentationSettings

# Strong enough to leave the range, if nothing held it.
STRONG: dict[str, dict[str, Any]] = {
    "flip": {"vertical": True},
    "rotation": {"degrees": 180},
    "shift": {"fraction": 0.9},
    "shear": {"degrees": 45},
    "zoom": {"factor": 0.9},
    "random_resized_crop": {"min_area": 0.01},
    "perspective": {"strength": 0.5},
    "brightness": {"factor": 1},
    "contrast": {"factor": 1},
    "saturation": {"factor": 1},
    "hue": {"factor": 1},
    "sharpness": {"factor": 1},
    "blur": {"sigma": 10},
    "noise": {"std": 255},
    "jpeg_quality": {"min_quality": 1},
    "elastic": {"strength": 0.5},
    "erasing": {"max_area": 1},
    "rand_augment": {"magnitude": 10},
    "mixup": {"alpha": 1},
    "cutmix": {"alpha": 1},
}
# What has no entry changes something at any strength.
IDENTITY: dict[str, dict[str, Any]] = {
    "rotation": {"degrees": 0},
    "shift": {"fraction": 0},
    "shear": {"degrees": 0},
    "zoom": {"factor": 0},
    "random_resized_crop": {"min_area": 1},
    "perspective": {"strength": 0},
    "brightness": {"factor": 0},
    "contrast": {"factor": 0},
    "saturation": {"factor": 0},
    "hue": {"factor": 0},
    "sharpness": {"factor": 0},
    "blur": {"sigma": 0},
    "noise": {"std": 0},
    "elastic": {"strength": 0},
    "erasing": {"min_area": 0, "max_area": 0},
}


def _op(name: str, **more: Any) -> dict[str, Any]:
    return {"op": name, **STRONG[name], **more}


def test_every_op_is_implemented_once_and_tested_here() -> None:
    assert sorted([*GEOMETRIC, *PIXEL, *MIXING]) == sorted(OPS)
    assert set(STRONG) == set(OPS)


@pytest.mark.parametrize("name", OPS)
def test_shape_type_and_range_stay(name: str) -> None:
    extremes = np.random.default_rng(1).choice([0.0, 255.0], (6, 9, 7, 3)).astype(np.float32)
    for images in (photographs(), extremes):
        changed, labels = augmented(images, _op(name, probability=1))
        assert changed.shape == images.shape and changed.dtype == np.float32
        assert changed.min() >= 0 and changed.max() <= 255
        assert labels.shape == (len(images), 8) and labels.dtype == np.float32
        np.testing.assert_allclose(labels.sum(1), 1, atol=1e-6)


@pytest.mark.parametrize("name", OPS)
def test_the_same_seed_draws_the_same_and_another_one_something_else(name: str) -> None:
    keras.utils.set_random_seed(1)
    first, first_labels = augmented(photographs(), _op(name))
    keras.utils.set_random_seed(2)
    again, again_labels = augmented(photographs(), _op(name))
    np.testing.assert_array_equal(again, first)
    np.testing.assert_array_equal(again_labels, first_labels)
    assert not np.array_equal(augmented(photographs(), _op(name), seed=SEED + 1)[0], first)


@pytest.mark.parametrize("name", OPS)
def test_images_of_a_batch_are_changed_in_different_ways(name: str) -> None:
    # Mixing needs images that differ.
    same = photographs() if name in MIXING else np.repeat(photographs(1), 8, axis=0)
    changed, labels = augmented(same, _op(name, probability=1))
    differences = [change.tobytes() for change in (changed - same if name not in MIXING else labels)]
    assert len(set(differences)) >= (2 if name == "flip" else 5)


@pytest.mark.parametrize("name", OPS)
def test_an_op_that_is_never_hit_changes_nothing(name: str) -> None:
    images = photographs()
    changed, labels = augmented(images, _op(name, probability=0))
    np.testing.assert_array_equal(changed, images)
    np.testing.assert_array_equal(labels, one_hot())


@pytest.mark.parametrize("name", IDENTITY)
def test_an_op_without_strength_changes_nothing(name: str) -> None:
    images = photographs()
    changed, _ = augmented(images, {"op": name, "probability": 1, **IDENTITY[name]})
    np.testing.assert_allclose(changed, images, atol=2e-2)


@pytest.mark.parametrize("name", ["rotation", "noise", "mixup"])
def test_probability_is_the_share_of_images_that_are_changed(name: str) -> None:
    images = photographs(400, 6, 6)
    changed, _ = augmented(images, _op(name, probability=0.25))
    hit = (np.abs(changed - images).max((1, 2, 3)) > 1e-3).mean()
    assert 0.15 < hit < 0.35


@pytest.mark.parametrize("name", OPS)
def test_it_runs_in_an_input_pipeline_for_batches_of_any_size(name: str) -> None:
    settings = AugmentationSettings.model_validate({"ops": [_op(name)]})

    def change(images: tf.Tensor, labels: tf.Tensor, draw: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        return augment(images, labels, settings, tf.stack([draw, 7]))

    dataset = tf.data.Dataset.from_tensor_slices((photographs(5), one_hot(5))).batch(3)
    seeds = tf.data.Dataset.range(10)
    mapped = tf.data.Dataset.zip(dataset, seeds).map(
        tf.autograph.experimental.do_not_convert(lambda batch, draw: change(*batch, draw))
    )
    assert mapped.element_spec[0].shape.as_list() == [None, 16, 20, 3]
    assert [len(images) for images, _ in mapped] == [3, 2]
    graph_made = [images.numpy() for images, _ in mapped]
    first = tf.constant(photographs(5)[:3]), tf.constant(one_hot(5)[:3])
    eager = change(*first, tf.constant(0, tf.int64))[0].numpy()
    np.testing.assert_allclose(graph_made[0], eager, atol=1e-2)


@pytest.mark.parametrize("dtype", [tf.int32, tf.int64])
def test_either_type_of_seed_will_do(dtype: tf.DType) -> None:
    ops = [{"op": "flip"}, {"op": "contrast"}, {"op": "mixup"}]
    assert augmented(photographs(), *ops, seed=tf.constant([1, 2], dtype))[0].shape == (8, 16, 20, 3)


def test_the_same_op_twice_draws_twice() -> None:
    images = photographs(200, 6, 6)
    op = {"op": "brightness", "factor": 0.1}
    once, twice = augmented(images, op)[0] - images, augmented(images, op, op)[0] - images
    first, both = once.mean((1, 2, 3)), twice.mean((1, 2, 3))
    assert abs(np.corrcoef(first, both - first)[0, 1]) < 0.3


def test_ops_come_in_the_order_that_is_given() -> None:
    erased, noisy = {"op": "erasing", "min_area": 0.2}, {"op": "brightness", "factor": 0.2}
    gray_last = augmented(photographs(), noisy, erased)[0]
    gray_first = augmented(photographs(), erased, noisy)[0]
    assert (gray_last == 127.5).mean() > 0.03
    assert (gray_first == 127.5).mean() < 0.01


def test_a_global_policy_of_half_precision_changes_nothing() -> None:
    ops = [{"op": name} for name in ("brightness", "contrast", "hue", "sharpness")]
    expected = augmented(photographs(), *ops)[0]
    keras.config.set_dtype_policy("mixed_float16")
    try:
        np.testing.assert_array_equal(augmented(photographs(), *ops)[0], expected)
    finally:
        keras.config.set_dtype_policy("float32")
