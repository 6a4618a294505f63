"""Feature maps to vectors."""

from __future__ import annotations

from typing import Any, Final

import keras

from trainer.model.settings import Pooling

# Below the square root: its slope is without bound at zero, where most of what ReLU puts out is.
_EPSILON: Final = 1e-8


@keras.saving.register_keras_serializable("imgclf")
class BilinearPooling(keras.layers.Layer):
    """The mean of x xᵀ over all positions, then sign(y) √|y|, then y / ‖y‖ (Lin et al. 2015, section 3)."""

    def call(self, features: Any) -> Any:
        """Pools a batch of feature maps.

        Args:
            features: float [N, height, width, channels].

        Returns:
            float [N, channels²], each row of length 1, or 0 for a feature map of zeros.
        """
        _, height, width, channels = features.shape
        columns = keras.ops.reshape(features, (-1, height * width, channels))
        products = keras.ops.matmul(keras.ops.transpose(columns, (0, 2, 1)), columns) / (height * width)
        flat = keras.ops.reshape(products, (-1, channels * channels))
        rooted = keras.ops.sign(flat) * keras.ops.sqrt(keras.ops.abs(flat) + _EPSILON)
        # Not keras.ops.normalize, whose slope is not a number for a row of zeros.
        squares = keras.ops.sum(keras.ops.square(rooted), axis=-1, keepdims=True)
        return rooted * keras.ops.rsqrt(keras.ops.maximum(squares, _EPSILON))

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """[N, channels²].

        Args:
            input_shape: [N, height, width, channels].
        """
        return (input_shape[0], (input_shape[-1] or 0) ** 2)


def pool(features: Any, pooling: Pooling, name: str) -> Any:
    """Adds the layers that pool one backbone's output.

    Args:
        features: symbolic float [N, height, width, channels], or [N, channels], which stays as it is.
        pooling: how.
        name: what the layers' names begin with.

    Returns:
        Symbolic float [N, D].
    """
    if len(features.shape) == 2:
        return features
    if pooling == "bilinear":
        # In half precision, squares of features overflow.
        return BilinearPooling(dtype="float32", name=f"{name}_bilinear")(features)
    makers = {
        "avg": keras.layers.GlobalAveragePooling2D,
        "max": keras.layers.GlobalMaxPooling2D,
        "flatten": keras.layers.Flatten,
    }
    parts = [makers[part](name=f"{name}_{part}")(features) for part in pooling.split("+")]
    return parts[0] if len(parts) == 1 else keras.layers.Concatenate(name=f"{name}_pooled")(parts)
