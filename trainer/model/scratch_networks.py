"""Small networks that learn from nothing, for small images; each ends in a dense layer.

Convolutions keep the size, so that images of 8 pixels are large enough. The moving averages of batch
normalisation follow within some ten steps, because small data sets have few steps an epoch.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import keras

_MOMENTUM: Final = 0.9


def lenet(image_size: int, name: str) -> keras.Model:
    """Two convolutions and a dense layer of 500 units (after LeCun et al. 1998, with ReLU and max pooling).

    Args:
        image_size: height and width, in pixels.
        name: of the model.

    Returns:
        float [N, image_size, image_size, 3] → float [N, 500].
    """
    inputs = keras.Input((image_size, image_size, 3), name="input")
    features = inputs
    for number, filters in enumerate((20, 50), 1):
        features = keras.layers.Conv2D(
            filters, 5, padding="same", activation="relu", name=f"block{number}_conv"
        )(features)
        features = keras.layers.MaxPooling2D(name=f"block{number}_pool")(features)
    features = keras.layers.Flatten(name="flatten")(features)
    features = keras.layers.Dense(500, activation="relu", name="dense")(features)
    return keras.Model(inputs, features, name=name)


def small_cnn(image_size: int, name: str) -> keras.Model:
    """Three convolutions of 32, 32 and 64 filters and a dense layer of 64 units.

    Args:
        image_size: height and width, in pixels.
        name: of the model.

    Returns:
        float [N, image_size, image_size, 3] → float [N, 64].
    """
    inputs = keras.Input((image_size, image_size, 3), name="input")
    features = inputs
    for number, filters in enumerate((32, 32, 64), 1):
        features = _convolution(features, filters, f"block{number}")
        features = keras.layers.MaxPooling2D(name=f"block{number}_pool")(features)
    features = keras.layers.Flatten(name="flatten")(features)
    features = keras.layers.Dense(64, activation="relu", name="dense")(features)
    features = keras.layers.Dropout(0.5, name="dropout")(features)
    return keras.Model(inputs, features, name=name)


def cifar_cnn(image_size: int, name: str) -> keras.Model:
    """Three blocks of two convolutions, of 32, 64 and 128 filters, and a dense layer of 1024 units.

    Args:
        image_size: height and width, in pixels.
        name: of the model.

    Returns:
        float [N, image_size, image_size, 3] → float [N, 1024].
    """
    inputs = keras.Input((image_size, image_size, 3), name="input")
    features = inputs
    for number, (filters, dropout) in enumerate(((32, 0.2), (64, 0.3), (128, 0.4)), 1):
        for position in (1, 2):
            features = _convolution(features, filters, f"block{number}", str(position))
        features = keras.layers.MaxPooling2D(name=f"block{number}_pool")(features)
        features = keras.layers.Dropout(dropout, name=f"block{number}_dropout")(features)
    features = keras.layers.Flatten(name="flatten")(features)
    features = keras.layers.Dense(1024, activation="relu", name="dense")(features)
    return keras.Model(inputs, features, name=name)


def _convolution(features: Any, filters: int, block: str, number: str = "") -> Any:
    """A convolution over 3×3 positions, batch normalisation and ReLU."""
    features = keras.layers.Conv2D(filters, 3, padding="same", use_bias=False, name=f"{block}_conv{number}")(
        features
    )
    features = keras.layers.BatchNormalization(momentum=_MOMENTUM, name=f"{block}_bn{number}")(features)
    return keras.layers.ReLU(name=f"{block}_relu{number}")(features)


SCRATCH_NETWORKS: Final[dict[str, Callable[[int, str], keras.Model]]] = {
    "lenet": lenet,
    "small_cnn": small_cnn,
    "cifar_cnn": cifar_cnn,
}
