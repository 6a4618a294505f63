from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from tests.trainer.augmentation.batches import SEED, augmented
from trainer.augmentation.mixing import partners, symmetric_beta


def _tellable(count: int, height: int = 12, width: int = 14) -> np.ndarray:
    """Each image of a tone of its own, so that a mixture tells what is in it."""
    return np.ones((count, height, width, 3), np.float32) * np.arange(count, dtype=np.float32).reshape(
        -1, 1, 1, 1
    )


@pytest.mark.parametrize("name", ["mixup", "cutmix"])
def test_labels_say_what_is_in_the_image(name: str) -> None:
    images = _tellable(8)
    changed, labels = augmented(images, {"op": name, "alpha": 1})
    np.testing.assert_allclose(labels.sum(1), 1, atol=1e-6)
    np.testing.assert_allclose(changed.mean((1, 2, 3)), labels @ np.arange(8), atol=1e-4)
    assert ((labels > 1e-6).sum(1) == 2).sum() >= 4


def test_cutmix_pastes_one_rectangle_and_counts_its_pixels() -> None:
    images = _tellable(8)
    changed, labels = augmented(images, {"op": "cutmix"})
    for number, (image, label) in enumerate(zip(changed, labels, strict=True)):
        pasted = image[..., 0] != number
        assert label[number] == pytest.approx(1 - pasted.mean(), abs=1e-6)
        assert pasted.any(1).sum() * pasted.any(0).sum() == pasted.sum()
        assert len(np.unique(image)) <= 2


def test_rectangles_of_cutmix_have_the_area_that_was_drawn_before_the_border_cuts_them_off() -> None:
    """Of a side s, s - s²/4 is seen on average; with α = 1, s² is uniform: 1/2 - 2/5 / 2 + 1/3 / 16."""
    images = _tellable(2000, 20, 20)
    changed, _ = augmented(images, {"op": "cutmix", "alpha": 1})
    assert (changed != images).mean() == pytest.approx(0.3208, abs=0.015)


def test_a_mixed_image_is_mixed_again_with_its_shares() -> None:
    changed, labels = augmented(_tellable(8), {"op": "mixup", "alpha": 1}, {"op": "cutmix"})
    np.testing.assert_allclose(changed.mean((1, 2, 3)), labels @ np.arange(8), atol=1e-4)
    assert ((labels > 1e-6).sum(1) > 2).any()


@pytest.mark.parametrize("alpha", [0.001, 0.2, 1.0, 5.0, 100.0])
def test_shares_are_from_the_beta_distribution(alpha: float) -> None:
    drawn = symmetric_beta(SEED, tf.constant(20000), alpha).numpy()
    assert np.isfinite(drawn).all() and drawn.min() >= 0 and drawn.max() <= 1
    assert drawn.mean() == pytest.approx(0.5, abs=0.015)
    assert drawn.var() == pytest.approx(1 / (4 * (2 * alpha + 1)), rel=0.04)


def test_everyone_is_somebodys_partner() -> None:
    drawn = partners(SEED, tf.constant(50)).numpy()
    assert sorted(drawn) == list(range(50))
    assert (drawn != np.arange(50)).sum() > 40
