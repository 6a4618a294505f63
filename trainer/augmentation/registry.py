"""Which function an op is. Every op is in exactly one of the three."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

import tensorflow as tf

from trainer.augmentation import geometry
from trainer.augmentation.blur import blur
from trainer.augmentation.color import brightness, contrast, hue, saturation, sharpness
from trainer.augmentation.elastic import elastic
from trainer.augmentation.erasing import erasing
from trainer.augmentation.jpeg import jpeg_quality
from trainer.augmentation.mixing import cutmix, mixup
from trainer.augmentation.noise import noise
from trainer.augmentation.rand_augment import rand_augment
from trainer.augmentation.settings import FillMode

# (op, canvas of N images, seed) → matrices float32 [N, 3, 3].
GeometricOp = Callable[[Any, geometry.Canvas, tf.Tensor], tf.Tensor]
# (images, op, seed, fill mode) → images.
PixelOp = Callable[[tf.Tensor, Any, tf.Tensor, FillMode], tf.Tensor]
# (images, labels, op, seed) → images, labels.
MixingOp = Callable[[tf.Tensor, tf.Tensor, Any, tf.Tensor], tuple[tf.Tensor, tf.Tensor]]


def _inside_only(change: Callable[[tf.Tensor, Any, tf.Tensor], tf.Tensor]) -> PixelOp:
    """A pixel op into whose images nothing comes from outside."""
    return lambda images, op, seed, fill_mode: change(images, op, seed)


GEOMETRIC: Final[Mapping[str, GeometricOp]] = MappingProxyType(
    {
        "flip": geometry.flip,
        "rotation": geometry.rotation,
        "shift": geometry.shift,
        "shear": geometry.shear,
        "zoom": geometry.zoom,
        "random_resized_crop": geometry.random_resized_crop,
        "perspective": geometry.perspective,
    }
)
PIXEL: Final[Mapping[str, PixelOp]] = MappingProxyType(
    {
        "brightness": _inside_only(brightness),
        "contrast": _inside_only(contrast),
        "saturation": _inside_only(saturation),
        "hue": _inside_only(hue),
        "sharpness": _inside_only(sharpness),
        "blur": _inside_only(blur),
        "noise": _inside_only(noise),
        "jpeg_quality": _inside_only(jpeg_quality),
        "elastic": _inside_only(elastic),
        "erasing": _inside_only(erasing),
        "rand_augment": rand_augment,
    }
)
MIXING: Final[Mapping[str, MixingOp]] = MappingProxyType({"mixup": mixup, "cutmix": cutmix})
