"""Random changes to a batch of training images, in the order that the settings give."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

import tensorflow as tf

from trainer.augmentation.geometry import Canvas, identity
from trainer.augmentation.op_settings import AnyOp, FlipOp, OpSettings
from trainer.augmentation.registry import GEOMETRIC, MIXING, PIXEL
from trainer.augmentation.resampling import mirror, resample
from trainer.augmentation.seeds import fold, uniform
from trainer.augmentation.selection import per_image
from trainer.augmentation.settings import AugmentationSettings, FillMode


def augment(
    images: tf.Tensor, labels: tf.Tensor, settings: AugmentationSettings, seed: tf.Tensor
) -> tuple[tf.Tensor, tf.Tensor]:
    """Changes each image of a batch at random; the same seed makes the same changes.

    Geometric ops that follow one another are resampled once, all together.

    Args:
        images: float32 [N, H, W, 3], from 0 to 255; height and width are known when the graph is made.
        labels: float32 [N, C], one-hot.
        settings: which ops, and how strong.
        seed: int32 or int64 [2].

    Returns:
        Images and labels of the same shapes, types and ranges; labels are no longer one-hot after
        mixup and cutmix, but still add up to 1.
    """
    # An op's seed goes by its position, so the same op given twice makes two different changes.
    seeded = [(op, fold(seed, position)) for position, op in enumerate(settings.chosen_ops)]
    for geometric, entries in groupby(seeded, key=lambda entry: entry[0].op in GEOMETRIC):
        run = list(entries)
        if geometric:
            images = _moved(images, run, settings.fill_mode)
            continue
        for op, op_seed in run:
            if op.op in PIXEL:
                changed = PIXEL[op.op](images, op, fold(op_seed, 0), settings.fill_mode)
                images = _where_hit(op, op_seed, changed, images)
            else:
                mixed = MIXING[op.op](images, labels, op, fold(op_seed, 0))
                images, labels = (
                    _where_hit(op, op_seed, new, old)
                    for new, old in zip(mixed, (images, labels), strict=True)
                )
    return images, labels


def without_mixing(settings: AugmentationSettings) -> AugmentationSettings:
    """The same without mixup and cutmix, so that each image keeps its label."""
    ops = tuple(op for op in settings.chosen_ops if op.op not in MIXING)
    return settings.model_copy(update={"ops": ops})


def matrices(canvas: Canvas, run: Sequence[tuple[AnyOp, tf.Tensor]]) -> tf.Tensor:
    """What geometric ops come to, one after the other.

    Args:
        canvas: N images.
        run: the ops, each with its seed, int64 [2].

    Returns:
        float32 [N, 3, 3], from the pixels of the result to those of the images.
    """
    nothing = product = identity(canvas)
    for op, seed in run:
        drawn = GEOMETRIC[op.op](op, canvas, fold(seed, 0))
        product = product @ _where_hit(op, seed, drawn, nothing)
    return product


def _moved(images: tf.Tensor, run: Sequence[tuple[AnyOp, tf.Tensor]], fill_mode: FillMode) -> tf.Tensor:
    canvas = Canvas(tf.shape(images)[0], images.shape[1], images.shape[2])
    product = matrices(canvas, run)
    flips = [op for op, _ in run if isinstance(op, FlipOp)]
    if len(flips) == len(run):
        horizontal, vertical = any(op.horizontal for op in flips), any(op.vertical for op in flips)
        return mirror(images, product, horizontal=horizontal, vertical=vertical)
    return resample(images, product, fill_mode)


def _where_hit(op: OpSettings, seed: tf.Tensor, changed: tf.Tensor, unchanged: tf.Tensor) -> tf.Tensor:
    """The changed values [N, …] of the images that the op's probability hits."""
    if op.probability == 1:
        return changed
    count = tf.shape(unchanged)[0]
    (draw,) = uniform(fold(seed, 1), count)
    return per_image(draw < op.probability, changed, unchanged)
