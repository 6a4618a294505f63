"""The input scaling that a network was trained with, as layers of the model."""

from __future__ import annotations

from typing import Any, Final

import keras

from trainer.model.catalog import Scaling

# Of ImageNet's training images in red, green and blue; the first two for values from 0 to 1. The same as in
# keras.applications.imagenet_utils.
IMAGENET_MEAN: Final = (0.485, 0.456, 0.406)
IMAGENET_STD: Final = (0.229, 0.224, 0.225)
_CAFFE_MEAN_BGR: Final = (103.939, 116.779, 123.68)


@keras.saving.register_keras_serializable("imgclf")
class CaffeScaling(keras.layers.Layer):
    """Swaps red and blue and takes ImageNet's mean off, as the networks that come from Caffe want it."""

    def call(self, pixels: Any) -> Any:
        """Scales a batch.

        Args:
            pixels: float [N, height, width, 3], red first, from 0 to 255.

        Returns:
            float [N, height, width, 3], blue first, with means about zero.
        """
        return pixels[..., ::-1] - keras.ops.convert_to_tensor(_CAFFE_MEAN_BGR, dtype=self.compute_dtype)

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """The shape stays as it is."""
        return input_shape


def scaling_layer(mode: Scaling, name: str) -> keras.layers.Layer | None:
    """Makes the layer that pixels from 0 to 255 go through before a network.

    Args:
        mode: `tf` brings them to -1 to 1, `torch` to ImageNet's mean and deviation, `caffe` to blue first
            less the mean, `none` leaves them.
        name: of the layer.

    Returns:
        None when they are to stay as they are.
    """
    if mode == "tf":
        return keras.layers.Rescaling(1 / 127.5, -1.0, name=name)
    if mode == "torch":
        return keras.layers.Rescaling(
            [1 / (255 * std) for std in IMAGENET_STD],
            [-mean / std for mean, std in zip(IMAGENET_MEAN, IMAGENET_STD, strict=True)],
            name=name,
        )
    if mode == "caffe":
        return CaffeScaling(name=name)
    return None


def efficientnet_file_scaling(name: str) -> keras.layers.Layer:
    """Makes up for what Keras puts into EfficientNet only when it downloads the weights itself.

    ImageNet's deviation s stands where the weights file has a variance, so the network divides by √s and not
    by s. With `weights="imagenet"`, Keras appends a layer that divides by √s once more (see
    https://github.com/tensorflow/tensorflow/issues/49930); a network that the same file is loaded into lacks
    it. With pixels p and mean m, (p/255 - m)/s is what the network makes of p/√s + 255 m (1 - 1/√s).
    """
    roots = [std**0.5 for std in IMAGENET_STD]
    return keras.layers.Rescaling(
        [1 / root for root in roots],
        [255 * mean * (1 - 1 / root) for mean, root in zip(IMAGENET_MEAN, roots, strict=True)],
        name=name,
    )
