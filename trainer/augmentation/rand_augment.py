"""RandAugment, in which only what is drawn is computed; Keras' layer computes everything for every image."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import tensorflow as tf

from trainer.augmentation import geometry
from trainer.augmentation.color import brightened, contrasted, saturated, sharpened
from trainer.augmentation.op_settings import RandAugmentOp
from trainer.augmentation.resampling import resample
from trainer.augmentation.seeds import fold
from trainer.augmentation.settings import FillMode
from trainer.augmentation.tone import autocontrast, equalized, posterized, solarized

# Strengths at magnitude 10, as in AutoAugment (Cubuk et al. 2018, table 6), whose ops these are.
_DEGREES = 30.0
_SLOPE = 0.3
_SHIFT = 0.45
_ENHANCEMENT = 0.9
_BITS_LOST = 4.0
_MAX_MAGNITUDE = 10.0

# Takes images [1, H, W, 3] and a sign, -1 or 1.
_Change = Callable[[tf.Tensor, tf.Tensor], tf.Tensor]


def rand_augment(images: tf.Tensor, op: RandAugmentOp, seed: tf.Tensor, fill_mode: FillMode) -> tf.Tensor:
    """Draws changes for each image, each from all of them, and makes one after the other (Cubuk et al. 2019).

    Args:
        images: float32 [N, H, W, 3].
        op: how many, and how strong.
        seed: int64 [2].
        fill_mode: what comes in from outside of the image.

    Returns:
        float32 [N, H, W, 3], from 0 to 255.
    """
    choices = changes(op.magnitude / _MAX_MAGNITUDE, fill_mode)
    shape = (tf.shape(images)[0], op.num_ops)
    drawn = tf.random.stateless_uniform(shape, fold(seed, 0), 0, len(choices), tf.int32)
    signs = tf.sign(tf.random.stateless_uniform(shape, fold(seed, 1), -1.0, 1.0) + 1e-9)

    def changed(one: tuple[tf.Tensor, tf.Tensor, tf.Tensor]) -> tf.Tensor:
        image, numbers, directions = one
        image = image[tf.newaxis]
        for number, direction in zip(tf.unstack(numbers), tf.unstack(directions), strict=True):
            branches = [partial(change, image, direction) for change in choices.values()]
            image = tf.ensure_shape(tf.switch_case(number, branches), (1, *images.shape[1:]))
        return image[0]

    return tf.map_fn(
        changed, (images, drawn, signs), fn_output_signature=tf.TensorSpec(images.shape[1:], tf.float32)
    )


def changes(strength: float, fill_mode: FillMode) -> dict[str, _Change]:
    """The 14 changes of the paper (section 3), by name.

    Args:
        strength: from 0 to 1.
        fill_mode: what comes in from outside of the image.
    """

    def moved(matrices: Callable[[geometry.Canvas, tf.Tensor], tf.Tensor]) -> _Change:
        def move(image: tf.Tensor, sign: tf.Tensor) -> tf.Tensor:
            canvas = geometry.Canvas(tf.constant(1), image.shape[1], image.shape[2])
            return resample(image, matrices(canvas, sign * strength), fill_mode)

        return move

    def enhanced(change: Callable[[tf.Tensor, tf.Tensor], tf.Tensor]) -> _Change:
        def enhance(image: tf.Tensor, sign: tf.Tensor) -> tf.Tensor:
            return change(image, tf.reshape(1.0 + sign * strength * _ENHANCEMENT, (1,)))

        return enhance

    return {
        "identity": lambda image, sign: image,
        "autocontrast": lambda image, sign: autocontrast(image),
        "equalize": lambda image, sign: equalized(image),
        "rotate": moved(lambda canvas, amount: geometry.rotated(canvas, amount * _DEGREES)),
        "solarize": lambda image, sign: solarized(image, tf.constant(256.0 * (1.0 - strength))),
        "color": enhanced(saturated),
        "posterize": lambda image, sign: posterized(image, tf.constant(8.0 - round(strength * _BITS_LOST))),
        "contrast": enhanced(contrasted),
        "brightness": enhanced(brightened),
        "sharpness": enhanced(sharpened),
        "shear_x": moved(lambda canvas, amount: geometry.sheared(canvas, amount * _SLOPE, 0.0)),
        "shear_y": moved(lambda canvas, amount: geometry.sheared(canvas, 0.0, amount * _SLOPE)),
        "translate_x": moved(
            lambda canvas, amount: geometry.shifted(canvas, amount * _SHIFT * canvas.width, 0.0)
        ),
        "translate_y": moved(
            lambda canvas, amount: geometry.shifted(canvas, 0.0, amount * _SHIFT * canvas.height)
        ),
    }
