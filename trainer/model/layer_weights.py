"""Giving one layer another one's weights."""

from __future__ import annotations

from collections.abc import Sequence

import keras
import numpy as np


def set_layer_weights(layer: keras.layers.Layer, weights: Sequence[np.ndarray]) -> None:
    """Sets a layer's weights, and what it has made of them.

    `Normalization`, with which EfficientNet begins, computes with copies of mean and variance. Keras renews
    them when it loads a file, and not in `set_weights`.

    Args:
        layer: is changed.
        weights: as `layer.get_weights()` has them.
    """
    layer.set_weights(weights)
    if isinstance(layer, keras.layers.Normalization):
        layer.finalize_state()
