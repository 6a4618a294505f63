from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from trainer.augment import augment_images, random_transforms
from trainer.settings import AugmentationSettings

SEED = tf.constant([3, 4], tf.int64)


def _images(count: int = 64) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (count, 9, 9, 3)).astype(np.float32)


def test_nothing_asked_nothing_changed() -> None:
    images = _images()
    np.testing.assert_array_equal(augment_images(tf.constant(images), AugmentationSettings(), SEED), images)


def test_a_flip_mirrors_about_half_of_the_images_and_changes_no_pixel() -> None:
    images = _images(400)
    flipped = augment_images(tf.constant(images), AugmentationSettings(flip=True), SEED).numpy()
    mirrored = [np.array_equal(after, before[:, ::-1]) for before, after in zip(images, flipped, strict=True)]
    untouched = [np.array_equal(after, before) for before, after in zip(images, flipped, strict=True)]
    assert all(a or b for a, b in zip(mirrored, untouched, strict=True))
    assert 150 < sum(mirrored) < 250


def test_the_same_seed_gives_the_same_images() -> None:
    settings = AugmentationSettings(flip=True, rotation=20, shift=0.2, zoom=0.2)
    images = tf.constant(_images())
    first = augment_images(images, settings, SEED).numpy()
    np.testing.assert_array_equal(augment_images(images, settings, SEED), first)
    assert not np.array_equal(augment_images(images, settings, SEED + 1), first)


def _map(transform: np.ndarray, x: float, y: float) -> tuple[float, float]:
    a0, a1, a2, b0, b1, b2 = transform[:6]
    return a0 * x + a1 * y + a2, b0 * x + b1 * y + b2


def _transforms(**settings: float) -> np.ndarray:
    return random_transforms(
        tf.constant(500), tf.constant(11), tf.constant(21), AugmentationSettings(**settings), SEED
    ).numpy()


def test_rotation_keeps_the_centre_and_all_distances() -> None:
    for transform in _transforms(rotation=30):
        assert _map(transform, 10, 5) == pytest.approx((10, 5), abs=1e-4)
        x, y = _map(transform, 14, 8)
        assert np.hypot(x - 10, y - 5) == pytest.approx(5, abs=1e-4)


def test_rotation_stays_within_its_bound_and_comes_near_it() -> None:
    angles = np.degrees(np.arctan2(*_transforms(rotation=30)[:, [3, 0]].T))
    assert 28 < np.abs(angles).max() <= 30.001
    assert abs(angles.mean()) < 3


def test_zoom_and_shift_stay_within_their_bounds() -> None:
    scale = 1 / _transforms(zoom=0.25)[:, 0]
    assert 0.75 <= scale.min() < 0.77
    assert 1.23 < scale.max() <= 1.25
    moved = _transforms(shift=0.1)
    assert 2.0 < np.abs(moved[:, 2]).max() <= 2.1 + 1e-5
    assert 1.0 < np.abs(moved[:, 5]).max() <= 1.1 + 1e-5
