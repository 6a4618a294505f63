"""Layers that weight a feature map by what is in it."""

from __future__ import annotations

from typing import Any

import keras

_Shape = tuple[int | None, ...]


@keras.saving.register_keras_serializable("imgclf")
class SqueezeExcitation(keras.layers.Layer):
    """Weights each channel by the averages of all: σ(W₂ ReLU(W₁ avg(x))) (Hu et al. 2018, eq. 2 to 4)."""

    def __init__(self, ratio: int = 16, **kwargs: Any) -> None:
        """Makes the layer.

        Args:
            ratio: channels to units of the layer in between.
            kwargs: of any layer.
        """
        super().__init__(**kwargs)
        self.ratio = ratio

    def build(self, input_shape: _Shape) -> None:
        """Makes the weights.

        Args:
            input_shape: [N, height, width, channels].
        """
        channels = input_shape[-1] or 0
        units = max(1, channels // self.ratio)
        self.squeeze = keras.layers.Dense(units, activation="relu", dtype=self.dtype_policy, name="squeeze")
        self.excite = keras.layers.Dense(
            channels, activation="sigmoid", dtype=self.dtype_policy, name="excite"
        )
        self.squeeze.build((None, 1, 1, channels))
        self.excite.build((None, 1, 1, units))

    def call(self, features: Any) -> Any:
        """Weights a batch of feature maps.

        Args:
            features: float [N, height, width, channels].

        Returns:
            The same shape and dtype.
        """
        average = keras.ops.mean(features, axis=(1, 2), keepdims=True)
        return features * self.excite(self.squeeze(average))

    def compute_output_shape(self, input_shape: _Shape) -> _Shape:
        """The shape stays as it is."""
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """What `__init__` takes."""
        return {**super().get_config(), "ratio": self.ratio}


@keras.saving.register_keras_serializable("imgclf")
class ConvolutionalBlockAttention(keras.layers.Layer):
    """Weights each channel, then each position: CBAM (Woo et al. 2018, eq. 1 to 3).

    A channel's weight is σ(MLP(avg(x)) + MLP(max(x))) with one MLP for both, over all positions. A position's
    is σ(conv([avg(x); max(x)])), over all channels.
    """

    def __init__(self, ratio: int = 16, kernel_size: int = 7, **kwargs: Any) -> None:
        """Makes the layer.

        Args:
            ratio: channels to units of the MLP's hidden layer.
            kernel_size: of the convolution, in positions.
            kwargs: of any layer.
        """
        super().__init__(**kwargs)
        self.ratio, self.kernel_size = ratio, kernel_size

    def build(self, input_shape: _Shape) -> None:
        """Makes the weights.

        Args:
            input_shape: [N, height, width, channels].
        """
        channels = input_shape[-1] or 0
        units = max(1, channels // self.ratio)
        self.reduce = keras.layers.Dense(units, activation="relu", dtype=self.dtype_policy, name="reduce")
        self.expand = keras.layers.Dense(channels, dtype=self.dtype_policy, name="expand")
        self.position = keras.layers.Conv2D(
            1,
            self.kernel_size,
            padding="same",
            activation="sigmoid",
            use_bias=False,
            dtype=self.dtype_policy,
            name="position",
        )
        self.reduce.build((None, 1, 1, channels))
        self.expand.build((None, 1, 1, units))
        self.position.build((None, None, None, 2))

    def call(self, features: Any) -> Any:
        """Weights a batch of feature maps.

        Args:
            features: float [N, height, width, channels].

        Returns:
            The same shape and dtype.
        """
        average = keras.ops.mean(features, axis=(1, 2), keepdims=True)
        maximum = keras.ops.max(features, axis=(1, 2), keepdims=True)
        channel = self.expand(self.reduce(average)) + self.expand(self.reduce(maximum))
        features = features * keras.ops.sigmoid(channel)
        of_channels = keras.ops.concatenate(
            [
                keras.ops.mean(features, axis=-1, keepdims=True),
                keras.ops.max(features, axis=-1, keepdims=True),
            ],
            axis=-1,
        )
        return features * self.position(of_channels)

    def compute_output_shape(self, input_shape: _Shape) -> _Shape:
        """The shape stays as it is."""
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """What `__init__` takes."""
        return {**super().get_config(), "ratio": self.ratio, "kernel_size": self.kernel_size}
