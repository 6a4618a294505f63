"""Geometric changes as matrices. Nothing here touches a pixel.

A matrix [3, 3] maps homogeneous coordinates (x, y, 1) of a pixel of the result
to where it is read in the image: x to the right, y down, both in pixels from
the centre of the first pixel. Of two changes, one after the other, the product
`first @ second` is the change that does both at once.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import tensorflow as tf

from trainer.augmentation.op_settings import (
    FlipOp,
    PerspectiveOp,
    RandomResizedCropOp,
    RotationOp,
    ShearOp,
    ShiftOp,
    ZoomOp,
)
from trainer.augmentation.seeds import uniform

# float32 [N], or the same number for all images.
_Entry: TypeAlias = "tf.Tensor | float"


@dataclass(frozen=True)
class Canvas:
    """What images are drawn on.

    Attributes:
        count: int32 scalar N, images.
        height, width: pixels.
    """

    count: tf.Tensor
    height: int
    width: int


def identity(canvas: Canvas) -> tf.Tensor:
    """Matrices float32 [N, 3, 3] that change nothing."""
    return tf.eye(3, batch_shape=[canvas.count])


def flip(op: FlipOp, canvas: Canvas, seed: tf.Tensor) -> tf.Tensor:
    """Mirrors every image; where both directions are allowed, a third each along x, along y, and both.

    Args:
        op: the directions.
        canvas: N images.
        seed: int64 [2].

    Returns:
        float32 [N, 3, 3].
    """
    if op.horizontal and op.vertical:
        (choice,) = uniform(seed, canvas.count, 0.0, 3.0)
        along_x, along_y = tf.where(choice < 2.0, -1.0, 1.0), tf.where(choice >= 1.0, -1.0, 1.0)
    else:
        along_x, along_y = (-1.0 if op.horizontal else 1.0), (-1.0 if op.vertical else 1.0)
    return about_centre(canvas, along_x, 0.0, 0.0, along_y)


def rotation(op: RotationOp, canvas: Canvas, seed: tf.Tensor) -> tf.Tensor:
    """Turns by an angle that is uniform within ±degrees; positive angles turn counter-clockwise.

    Args:
        op: the bound.
        canvas: N images.
        seed: int64 [2].

    Returns:
        float32 [N, 3, 3].
    """
    (degrees,) = uniform(seed, canvas.count, -op.degrees, op.degrees)
    return rotated(canvas, degrees)


def rotated(canvas: Canvas, degrees: _Entry) -> tf.Tensor:
    """Matrices float32 [N, 3, 3] that turn counter-clockwise by these degrees about the centre."""
    angle = tf.convert_to_tensor(degrees, tf.float32) * (math.pi / 180)
    return about_centre(canvas, tf.cos(angle), -tf.sin(angle), tf.sin(angle), tf.cos(angle))


def shift(op: ShiftOp, canvas: Canvas, seed: tf.Tensor) -> tf.Tensor:
    """Moves by fractions of width and height, each uniform within ±fraction.

    Args:
        op: the bound.
        canvas: N images.
        seed: int64 [2].

    Returns:
        float32 [N, 3, 3].
    """
    right, down = uniform(seed, canvas.count, -op.fraction, op.fraction, draws=2)
    return shifted(canvas, right * canvas.width, down * canvas.height)


def shifted(canvas: Canvas, right: _Entry, down: _Entry) -> tf.Tensor:
    """Matrices float32 [N, 3, 3] that move the image by these pixels."""
    return _matrices(canvas, ((1.0, 0.0, -right), (0.0, 1.0, -down), (0.0, 0.0, 1.0)))


def shear(op: ShearOp, canvas: Canvas, seed: tf.Tensor) -> tf.Tensor:
    """Slants along x and along y, by angles that are uniform within ±degrees.

    Args:
        op: the bound.
        canvas: N images.
        seed: int64 [2].

    Returns:
        float32 [N, 3, 3].
    """
    radians = math.radians(op.degrees)
    along_x, along_y = uniform(seed, canvas.count, -radians, radians, draws=2)
    return sheared(canvas, tf.tan(along_x), 0.0) @ sheared(canvas, 0.0, tf.tan(along_y))


def sheared(canvas: Canvas, along_x: _Entry, along_y: _Entry) -> tf.Tensor:
    """Matrices float32 [N, 3, 3] that slant by these slopes, in pixels a pixel."""
    return about_centre(canvas, 1.0, along_x, along_y, 1.0)


def zoom(op: ZoomOp, canvas: Canvas, seed: tf.Tensor) -> tf.Tensor:
    """Scales by a number that is uniform from 1 - factor to 1 + factor.

    Args:
        op: the bound.
        canvas: N images.
        seed: int64 [2].

    Returns:
        float32 [N, 3, 3].
    """
    (scale,) = uniform(seed, canvas.count, 1.0 - op.factor, 1.0 + op.factor)
    return about_centre(canvas, 1.0 / scale, 0.0, 0.0, 1.0 / scale)


def random_resized_crop(op: RandomResizedCropOp, canvas: Canvas, seed: tf.Tensor) -> tf.Tensor:
    """Enlarges a rectangle to the whole, as Szegedy et al. (2015, section 6) train.

    Its area is uniform from min_area to 1, the ratio of its sides, compared
    with the image's, log-uniform between those with which it fits into the
    image. So nothing comes in from outside.

    Args:
        op: the bounds.
        canvas: N images.
        seed: int64 [2].

    Returns:
        float32 [N, 3, 3].
    """
    area, aspect, left, top = uniform(seed, canvas.count, draws=4)
    area = op.min_area + area * (1.0 - op.min_area)
    # A side cut off at the image's would leave less than min_area.
    widest = tf.minimum(math.log(op.max_aspect), -tf.math.log(area))
    aspect = tf.exp((2.0 * aspect - 1.0) * widest)
    across = tf.minimum(1.0, tf.sqrt(area * aspect))
    down = tf.minimum(1.0, tf.sqrt(area / aspect))
    return cropped(canvas, left * (1.0 - across), top * (1.0 - down), across, down)


def cropped(canvas: Canvas, left: _Entry, top: _Entry, across: _Entry, down: _Entry) -> tf.Tensor:
    """Matrices float32 [N, 3, 3] that enlarge a rectangle to the whole image.

    Args:
        canvas: N images.
        left, top: the rectangle's corner, as fractions of width and height.
        across, down: its sides, likewise.
    """
    # The edges of the image lie half a pixel outside of the centres of its outer pixels.
    x = left * canvas.width + 0.5 * (across - 1.0)
    y = top * canvas.height + 0.5 * (down - 1.0)
    return _matrices(canvas, ((across, 0.0, x), (0.0, down, y), (0.0, 0.0, 1.0)))


def perspective(op: PerspectiveOp, canvas: Canvas, seed: tf.Tensor) -> tf.Tensor:
    """Spreads a quadrangle within the image over the whole.

    Each of its corners lies inwards of the image's, by distances that are
    uniform from 0 to half the width and half the height, times the strength.

    Args:
        op: the bound.
        canvas: N images.
        seed: int64 [2].

    Returns:
        float32 [N, 3, 3].
    """
    inwards = uniform(seed, canvas.count, 0.0, op.strength / 2, draws=8)
    x, y = inwards[:4], inwards[4:]
    corners = ((x[0], y[0]), (1.0 - x[1], y[1]), (1.0 - x[2], 1.0 - y[2]), (x[3], 1.0 - y[3]))
    across, down = float(max(canvas.width - 1, 1)), float(max(canvas.height - 1, 1))
    to_pixels = tf.constant([[across, 0, 0], [0, down, 0], [0, 0, 1]])
    to_square = tf.constant([[1 / across, 0, 0], [0, 1 / down, 0], [0, 0, 1]])
    return to_pixels @ square_to_quadrangle(canvas, corners) @ to_square


def square_to_quadrangle(canvas: Canvas, corners: Sequence[tuple[_Entry, _Entry]]) -> tf.Tensor:
    """Projections of the unit square onto convex quadrangles (Heckbert 1989, section 2.2.3).

    Args:
        canvas: N images.
        corners: where (0, 0), (1, 0), (1, 1) and (0, 1) go.

    Returns:
        float32 [N, 3, 3].
    """
    (x0, y0), (x1, y1), (x2, y2), (x3, y3) = corners
    dx1, dx2, sum_x = x1 - x2, x3 - x2, x0 - x1 + x2 - x3
    dy1, dy2, sum_y = y1 - y2, y3 - y2, y0 - y1 + y2 - y3
    scale = dx1 * dy2 - dx2 * dy1
    g, h = (sum_x * dy2 - sum_y * dx2) / scale, (dx1 * sum_y - dy1 * sum_x) / scale
    return _matrices(
        canvas,
        (
            (x1 - x0 + g * x1, x3 - x0 + h * x3, x0),
            (y1 - y0 + g * y1, y3 - y0 + h * y3, y0),
            (g, h, 1.0),
        ),
    )


def about_centre(canvas: Canvas, a: _Entry, b: _Entry, c: _Entry, d: _Entry) -> tf.Tensor:
    """Matrices float32 [N, 3, 3] for the linear map ((a, b), (c, d)), with the image's centre at rest."""
    x, y = (canvas.width - 1) / 2, (canvas.height - 1) / 2
    return _matrices(canvas, ((a, b, x - a * x - b * y), (c, d, y - c * x - d * y), (0.0, 0.0, 1.0)))


def _matrices(canvas: Canvas, rows: Sequence[Sequence[_Entry]]) -> tf.Tensor:
    return tf.stack(
        [
            tf.stack([tf.broadcast_to(tf.cast(entry, tf.float32), (canvas.count,)) for entry in row], axis=-1)
            for row in rows
        ],
        axis=-2,
    )
