"""A tiny classifier, always with the same weights, and a batch for it."""

from __future__ import annotations

from typing import Final

import keras
import numpy as np

PIXELS: Final = np.random.default_rng(0).random((8, 3), np.float32)
LABELS: Final = np.eye(2, dtype=np.float32)[[0, 1, 0, 1, 1, 0, 0, 1]]


def two_layers() -> keras.Model:
    """Pixels float32 [N, 3] → probabilities float32 [N, 2]; four variables."""
    keras.utils.set_random_seed(0)
    pixels = keras.Input((3,))
    hidden = keras.layers.Dense(4, activation="tanh", name="hidden")(pixels)
    return keras.Model(pixels, keras.layers.Dense(2, activation="softmax", name="answers")(hidden))
