"""Feature extractors by name, each with the input scaling that it was trained with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import keras

from components.contract import ConfigError
from serving.first_line import first_line
from trainer.settings import ModelSettings


@dataclass(frozen=True)
class Backbone:
    """A feature extractor.

    Attributes:
        build: settings and what to pass as Keras' `weights` → model from
            float32 [N, size, size, 3] to a feature map [N, h, w, channels].
        scale, offset: applied to pixels from 0 to 255 before it.
    """

    build: Callable[[ModelSettings, str | None], keras.Model]
    scale: float
    offset: float


def _mobilenet(settings: ModelSettings, weights: str | None) -> keras.Model:
    return keras.applications.MobileNet(
        input_shape=(settings.image_size, settings.image_size, 3),
        alpha=settings.alpha,
        include_top=False,
        weights=weights,
    )


def _small_cnn(settings: ModelSettings, weights: str | None) -> keras.Model:
    """Three blocks of convolution, batch normalisation and pooling: 32, 64 and 128 filters.

    The moving averages follow within some ten steps: small data sets have few steps an epoch.
    """
    inputs = keras.Input((settings.image_size, settings.image_size, 3))
    features = inputs
    for filters in (32, 64, 128):
        features = keras.layers.Conv2D(filters, 3, padding="same", use_bias=False)(features)
        features = keras.layers.BatchNormalization(momentum=0.9)(features)
        features = keras.layers.ReLU()(features)
        features = keras.layers.MaxPooling2D()(features)
    model = keras.Model(inputs, features, name="small_cnn")
    if weights is not None:
        model.load_weights(weights)
    return model


BACKBONES: Final[dict[str, Backbone]] = {
    "mobilenet": Backbone(_mobilenet, scale=1 / 127.5, offset=-1.0),
    "small_cnn": Backbone(_small_cnn, scale=1 / 255, offset=0.0),
}
# Those for which Keras has ImageNet weights.
_PRETRAINED: Final = frozenset({"mobilenet"})


def build_backbone(settings: ModelSettings) -> keras.Model:
    """Builds the backbone with the weights it starts from, and its scaling in front.

    Returns:
        A model from pixels, float32 [N, size, size, 3] from 0 to 255, to a feature map.

    Raises:
        ConfigError: there are no such weights, they do not fit, or cannot be downloaded.
    """
    backbone = BACKBONES[settings.backbone]
    if settings.weights == "imagenet" and settings.backbone not in _PRETRAINED:
        raise ConfigError(
            f"model.weights: there are no ImageNet weights for {settings.backbone}; use 'none' or a file."
        )
    weights = None if settings.weights == "none" else settings.weights
    try:
        network = backbone.build(settings, weights)
    except Exception as error:
        # Keras and h5py raise many kinds here, and all mean the same to a user.
        raise ConfigError(
            f"model.weights: '{settings.weights}' cannot be loaded into {settings.backbone} with "
            f"model.alpha={settings.alpha:g} and model.image_size={settings.image_size}: "
            f"{first_line(str(error))} Give a weights file that fits, or 'none' to start from nothing."
        ) from error
    return network
