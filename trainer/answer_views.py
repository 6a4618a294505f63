"""Several views of each image, over which the exported model averages its probabilities."""

from __future__ import annotations

import keras
import numpy as np
import tensorflow as tf

from trainer.settings import TestTimeAugmentation

# Krizhevsky, Sutskever and Hinton 2012, section 4.1: patches of 224 pixels out of 256.
_CROP = 7 / 8


def views_of(pixels: tf.Tensor, kind: TestTimeAugmentation) -> list[tf.Tensor]:
    """Looks at images in several ways.

    `flip`: as they are, and mirrored from left to right. `ten_crop`: the four corners and the middle, 7/8 as
    high and as wide, enlarged to the size of the whole, and their mirror images (Krizhevsky et al. 2012).

    Args:
        pixels: float32 [N, size, size, 3], 0 to 255.
        kind: which views.

    Returns:
        The views, each like `pixels`.
    """
    if kind == "none":
        return [pixels]
    upright = [pixels] if kind == "flip" else _crops(pixels)
    return [*upright, *(tf.reverse(view, [2]) for view in upright)]


def mean_probabilities(model: keras.Model, pixels: tf.Tensor, kind: TestTimeAugmentation) -> tf.Tensor:
    """The mean over the views of what the model says of them.

    Args:
        model: pixels → probabilities.
        pixels: float32 [N, size, size, 3], 0 to 255.
        kind: which views.

    Returns:
        float32 [N, C].
    """
    views = views_of(pixels, kind)
    if len(views) == 1:
        return model(pixels, training=False)
    # One batch of all views, so that the network is in the graph once.
    probabilities = model(tf.concat(views, 0), training=False)
    by_view = tf.reshape(probabilities, (len(views), -1, probabilities.shape[-1]))
    return tf.reduce_mean(by_view, 0)


def predicted_probabilities(model: keras.Model, pixels: tf.Tensor, kind: TestTimeAugmentation) -> np.ndarray:
    """The same outside of a graph; the network, which takes most of the memory, sees one view at a time.

    Args:
        model: pixels → probabilities.
        pixels: float32 [N, size, size, 3], 0 to 255.
        kind: which views.

    Returns:
        float32 [N, C].
    """
    return np.mean([model.predict_on_batch(view) for view in views_of(pixels, kind)], axis=0)


def _crops(pixels: tf.Tensor) -> list[tf.Tensor]:
    size = pixels.shape[1]
    side = round(size * _CROP)
    far, middle = size - side, (size - side) // 2
    corners = [(0, 0), (0, far), (far, 0), (far, far), (middle, middle)]
    crops = [pixels[:, top : top + side, left : left + side] for top, left in corners]
    return [tf.image.resize(crop, (size, size)) for crop in crops]
