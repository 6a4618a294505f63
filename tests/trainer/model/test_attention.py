from __future__ import annotations

import numpy as np

from trainer.model.attention import ConvolutionalBlockAttention, SqueezeExcitation

FEATURES = np.random.default_rng(0).normal(size=(2, 3, 3, 4)).astype(np.float32)


def _sigmoid(values: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-values))


def _random_weights(shapes: list[tuple[int, ...]]) -> list[np.ndarray]:
    generator = np.random.default_rng(1)
    return [generator.normal(size=shape).astype(np.float32) for shape in shapes]


def test_squeeze_and_excitation_by_hand() -> None:
    layer = SqueezeExcitation(ratio=2)
    layer.build(FEATURES.shape)
    w1, b1, w2, b2 = weights = _random_weights([(4, 2), (2,), (2, 4), (4,)])
    layer.set_weights(weights)
    average = FEATURES.mean(axis=(1, 2))
    scale = _sigmoid(np.maximum(average @ w1 + b1, 0) @ w2 + b2)
    np.testing.assert_allclose(layer(FEATURES), FEATURES * scale[:, None, None, :], rtol=1e-5, atol=1e-6)


def test_cbam_by_hand() -> None:
    layer = ConvolutionalBlockAttention(ratio=2, kernel_size=3)
    layer.build(FEATURES.shape)
    w1, b1, w2, b2, kernel = weights = _random_weights([(4, 2), (2,), (2, 4), (4,), (3, 3, 2, 1)])
    layer.set_weights(weights)

    def mlp(values: np.ndarray) -> np.ndarray:
        return np.maximum(values @ w1 + b1, 0) @ w2 + b2

    channel = _sigmoid(mlp(FEATURES.mean(axis=(1, 2))) + mlp(FEATURES.max(axis=(1, 2))))
    refined = FEATURES * channel[:, None, None, :]
    maps = np.stack([refined.mean(axis=-1), refined.max(axis=-1)], axis=-1)
    padded = np.pad(maps, ((0, 0), (1, 1), (1, 1), (0, 0)))
    position = np.zeros((2, 3, 3, 1))
    for row in range(3):
        for column in range(3):
            window = padded[:, row : row + 3, column : column + 3]
            position[:, row, column, 0] = (window * kernel[..., 0]).sum(axis=(1, 2, 3))
    np.testing.assert_allclose(layer(FEATURES), refined * _sigmoid(position), rtol=1e-5, atol=1e-6)


def test_few_channels_still_have_a_unit_in_between() -> None:
    layer = SqueezeExcitation()
    assert layer(FEATURES).shape == FEATURES.shape
    assert layer.get_weights()[0].shape == (4, 1)
