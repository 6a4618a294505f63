"""Small batches to try ops on."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf

from trainer.augmentation.augment import augment
from trainer.augmentation.settings import AugmentationSettings

SEED = tf.constant([3, 4], tf.int64)


def photographs(count: int = 8, height: int = 16, width: int = 20) -> np.ndarray:
    """Smooth coloured images float32 [count, height, width, 3], no two alike, far from black and white."""
    coarse = np.random.default_rng(5).uniform(60, 190, (count, 4, 4, 3)).astype(np.float32)
    return tf.image.resize(coarse, (height, width)).numpy()


def one_hot(count: int = 8, classes: int = 8) -> np.ndarray:
    """Labels float32 [count, classes], each image of the next class."""
    return np.eye(classes, dtype=np.float32)[np.arange(count) % classes]


def augmented(
    images: np.ndarray, *ops: dict[str, Any], seed: tf.Tensor = SEED, fill_mode: str = "reflect"
) -> tuple[np.ndarray, np.ndarray]:
    """Images and labels after these ops."""
    settings = AugmentationSettings.model_validate({"ops": ops, "fill_mode": fill_mode})
    changed, labels = augment(tf.constant(images), tf.constant(one_hot(len(images))), settings, seed)
    return changed.numpy(), labels.numpy()
