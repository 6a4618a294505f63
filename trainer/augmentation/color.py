"""Colour and sharpness, by Keras' preprocessing layers wherever those will do.

Each op draws its strengths with the layer; the function beside it takes
strengths as they are. Keras' layers have two things that they are guarded
against here: they compute in the global policy's type, which may be float16,
and hold a seed generator of their own, which is never asked.
"""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

from trainer.augmentation.op_settings import BrightnessOp, ContrastOp, HueOp, SaturationOp, SharpnessOp
from trainer.augmentation.seeds import FoldedSeed, uniform

# How bright red, green and blue are (ITU-R BT.601-7, section 2.5.1).
_LUMA = (0.299, 0.587, 0.114)


def brightness(images: tf.Tensor, op: BrightnessOp, seed: tf.Tensor) -> tf.Tensor:
    """Adds to each image a number that is uniform within ±factor × 255.

    Args:
        images: float32 [N, H, W, 3].
        op: the bound.
        seed: int64 [2].

    Returns:
        float32 [N, H, W, 3], from 0 to 255.
    """
    return _drawn(_layer("RandomBrightness", op.factor), images, seed)


def brightened(images: tf.Tensor, factor: tf.Tensor) -> tf.Tensor:
    """Multiplies images [N, H, W, 3] by these factors [N]; RandAugment's kind of brightness."""
    return tf.clip_by_value(images * tf.reshape(factor, (-1, 1, 1, 1)), 0.0, 255.0)


def contrast(images: tf.Tensor, op: ContrastOp, seed: tf.Tensor) -> tf.Tensor:
    """Multiplies distances to the channel's mean by a number that is uniform from 1 - factor to 1 + factor.

    Args:
        images: float32 [N, H, W, 3].
        op: the bound.
        seed: int64 [2].

    Returns:
        float32 [N, H, W, 3], from 0 to 255.
    """
    # A single number would be the upper bound alone: Keras' range then begins at 1.
    return _drawn(_layer("RandomContrast", (op.factor, op.factor)), images, seed)


def contrasted(images: tf.Tensor, factor: tf.Tensor) -> tf.Tensor:
    """Multiplies the distances of images [N, H, W, 3] to their channels' means by these factors [N]."""
    factors = tf.reshape(factor, (-1, 1, 1, 1))
    return _layer("RandomContrast", 0.0).transform_images(images, {"contrast_factor": factors})


def saturation(images: tf.Tensor, op: SaturationOp, seed: tf.Tensor) -> tf.Tensor:
    """Multiplies distances to the pixel's gray by a number that is uniform from 1 - factor to 1 + factor.

    Args:
        images: float32 [N, H, W, 3].
        op: the bound.
        seed: int64 [2].

    Returns:
        float32 [N, H, W, 3], from 0 to 255.
    """
    return saturated(images, *uniform(seed, tf.shape(images)[0], 1.0 - op.factor, 1.0 + op.factor))


def saturated(images: tf.Tensor, factor: tf.Tensor) -> tf.Tensor:
    """Multiplies the distances of images [N, H, W, 3] to their own grays by these factors [N].

    Keras' layer goes to HSV and back, which takes several times as long, and
    leaves the range for pixels up to 255.
    """
    factor = tf.reshape(factor, (-1, 1, 1, 1))
    gray = tf.tensordot(images, tf.constant(_LUMA), 1)[..., tf.newaxis]
    return tf.clip_by_value(factor * images + (1.0 - factor) * gray, 0.0, 255.0)


def hue(images: tf.Tensor, op: HueOp, seed: tf.Tensor) -> tf.Tensor:
    """Turns the hue of HSV by a number that is uniform within ±factor / 2 of the wheel.

    Args:
        images: float32 [N, H, W, 3].
        op: the bound.
        seed: int64 [2].

    Returns:
        float32 [N, H, W, 3], from 0 to 255.
    """
    return _drawn(_layer("RandomHue", op.factor), images, seed)


def sharpness(images: tf.Tensor, op: SharpnessOp, seed: tf.Tensor) -> tf.Tensor:
    """Blends in a smoothed copy, whose share is uniform within ±factor; a negative one sharpens.

    Args:
        images: float32 [N, H, W, 3].
        op: the bound.
        seed: int64 [2].

    Returns:
        float32 [N, H, W, 3], from 0 to 255.
    """
    layer = _layer("RandomSharpness", ((1.0 - op.factor) / 2, (1.0 + op.factor) / 2))
    return _without_border(_drawn(layer, _with_border(images), seed))


def sharpened(images: tf.Tensor, factor: tf.Tensor) -> tf.Tensor:
    """Blends images [N, H, W, 3] with a smoothed copy, whose shares are 1 - factor [N]."""
    layer = _layer("RandomSharpness", 0.5)
    return _without_border(layer.transform_images(_with_border(images), {"factor": factor / 2}))


def _drawn(layer: Any, images: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    return layer.transform_images(images, layer.get_random_transformation(images, seed=FoldedSeed(seed)))


def _layer(kind: str, factor: float | tuple[float, float]) -> Any:
    # The layer makes a variable for its own seed generator, which a function that is traced more than once
    # must not; in a graph of its own, which nobody runs, it is in nobody's way.
    with tf.Graph().as_default():
        return getattr(keras.layers, kind)(factor, dtype="float32", seed=0)


def _with_border(images: tf.Tensor) -> tf.Tensor:
    """Repeats the outermost pixels, because the layer takes what is outside for black."""
    return tf.pad(images, ((0, 0), (1, 1), (1, 1), (0, 0)), "SYMMETRIC")


def _without_border(images: tf.Tensor) -> tf.Tensor:
    return images[:, 1:-1, 1:-1]
