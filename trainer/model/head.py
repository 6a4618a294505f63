"""From the features of all backbones to probabilities."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Final

import keras

from trainer.model.attention import ConvolutionalBlockAttention, SqueezeExcitation
from trainer.model.pooling import pool
from trainer.model.settings import HeadSettings

# The dense layer before the softmax, with one column a label.
LOGITS: Final = "logits"
_MOST_GROUPS: Final = 32


def pools_in_extractor(settings: HeadSettings) -> bool:
    """Whether nothing that learns comes before the pooling, so that a cache can hold pooled features."""
    return settings.attention == "none"


def pool_all(features: Sequence[Any], names: Sequence[str], settings: HeadSettings) -> Any:
    """Adds the layers that pool all features and lay them side by side.

    Args:
        features: symbolic, of each backbone: float [N, h, w, channels], or [N, channels].
        names: of the backbones.
        settings: which pooling.

    Returns:
        Symbolic float [N, D].
    """
    pooled = [pool(each, settings.pooling, name) for each, name in zip(features, names, strict=True)]
    return pooled[0] if len(pooled) == 1 else keras.layers.Concatenate(name="fused")(pooled)


def build_head(features: Any, names: Sequence[str], settings: HeadSettings, classes: int) -> keras.Model:
    """Builds what comes after the extractor.

    Args:
        features: the extractor's symbolic output, whose shapes and dtypes the head takes: float [N, D] when
            `pools_in_extractor`, else a list of float [N, h, w, channels], one a backbone.
        names: of the backbones.
        settings: of the head.
        classes: number of labels.

    Returns:
        features → probabilities float32 [N, classes].
    """
    if pools_in_extractor(settings):
        inputs: Any = keras.Input(features.shape[1:], name="features", dtype=features.dtype)
        vector = inputs
    else:
        inputs = [
            keras.Input(each.shape[1:], name=f"{name}_features", dtype=each.dtype)
            for each, name in zip(features, names, strict=True)
        ]
        weighted = [_attention(settings, name)(each) for each, name in zip(inputs, names, strict=True)]
        vector = pool_all(weighted, names, settings)
    if settings.normalization != "none":
        vector = _normalization(settings, vector.shape[-1])(vector)
    for number, units in enumerate(settings.hidden, 1):
        vector = keras.layers.Dropout(settings.dropout, name=f"dropout_{number}")(vector)
        vector = _dense(units, settings, f"hidden_{number}", "relu")(vector)
    vector = keras.layers.Dropout(settings.dropout, name="dropout")(vector)
    logits = _dense(classes, settings, LOGITS)(vector)
    # In half precision, probabilities near 0 and 1 would be rounded away.
    probabilities = keras.layers.Activation("softmax", dtype="float32", name="probabilities")(logits)
    return keras.Model(inputs, probabilities, name="head")


def _attention(settings: HeadSettings, name: str) -> keras.layers.Layer:
    kind = SqueezeExcitation if settings.attention == "se" else ConvolutionalBlockAttention
    return kind(name=f"{name}_{settings.attention}")


def _normalization(settings: HeadSettings, width: int) -> keras.layers.Layer:
    if settings.normalization == "batch":
        return keras.layers.BatchNormalization(name="normalization")
    # The groups have to be of equal size.
    groups = math.gcd(_MOST_GROUPS, width)
    return keras.layers.GroupNormalization(groups, name="normalization")


def _dense(
    units: int, settings: HeadSettings, name: str, activation: str | None = None
) -> keras.layers.Layer:
    regularizer = keras.regularizers.L2(settings.l2) if settings.l2 else None
    return keras.layers.Dense(units, activation=activation, kernel_regularizer=regularizer, name=name)
