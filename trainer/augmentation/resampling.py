"""Images read at other places, as matrices say: once, however many changes those stand for."""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
import tensorflow as tf

from trainer.augmentation.selection import per_image
from trainer.augmentation.settings import FillMode

_BORDERS: Final[dict[FillMode, int]] = {
    "reflect": cv2.BORDER_REFLECT,
    "constant": cv2.BORDER_CONSTANT,
    "nearest": cv2.BORDER_REPLICATE,
    "wrap": cv2.BORDER_WRAP,
}
_FLAGS: Final = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
# Batches are made on all cores at once as it is.
cv2.setNumThreads(1)


def resample(images: tf.Tensor, matrices: tf.Tensor, fill_mode: FillMode) -> tf.Tensor:
    """Reads images at other places, bilinearly.

    With OpenCV, which takes a quarter of the time of TensorFlow's
    ImageProjectiveTransformV3 on a CPU. Places are rounded to 1/32 of a pixel.

    Args:
        images: float32 [N, H, W, 3].
        matrices: float32 [N, 3, 3], from the pixels of the result to those of the image (see `geometry`).
        fill_mode: what is outside of the image.

    Returns:
        float32 [N, H, W, 3], within the range of the images.
    """

    def warp(images: np.ndarray, matrices: np.ndarray) -> np.ndarray:
        return _warped(images, matrices, _BORDERS[fill_mode])

    return tf.ensure_shape(
        tf.numpy_function(warp, [images, matrices], tf.float32, stateful=False), images.shape
    )


def _warped(images: np.ndarray, matrices: np.ndarray, border: int) -> np.ndarray:
    results = np.empty_like(images)
    size = images.shape[2], images.shape[1]
    for image, matrix, result in zip(images, matrices, results, strict=True):
        if matrix[2, 0] == matrix[2, 1] == 0:  # Parallels stay parallel, and less is to be computed.
            cv2.warpAffine(image, matrix[:2] / matrix[2, 2], size, result, _FLAGS, border)
        else:
            cv2.warpPerspective(image, matrix, size, result, _FLAGS, border)
    # Weights that add up to one but for rounding can pass the whitest white.
    return np.clip(results, 0.0, 255.0, out=results)


def mirror(images: tf.Tensor, matrices: tf.Tensor, *, horizontal: bool, vertical: bool) -> tf.Tensor:
    """Mirrors images exactly, which takes no resampling.

    Args:
        images: float32 [N, H, W, 3].
        matrices: float32 [N, 3, 3]; the signs on their diagonals say which images are mirrored.
        horizontal, vertical: along which axes there may be any.

    Returns:
        float32 [N, H, W, 3].
    """
    if horizontal:
        images = per_image(matrices[:, 0, 0] < 0, tf.reverse(images, [2]), images)
    if vertical:
        images = per_image(matrices[:, 1, 1] < 0, tf.reverse(images, [1]), images)
    return images
