from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf

from trainer.model.pooling import BilinearPooling, pool
from trainer.model.settings import Pooling

FEATURES = np.random.default_rng(0).normal(size=(2, 3, 4, 5)).astype(np.float32)


def test_bilinear_pooling_by_hand() -> None:
    expected = np.zeros((2, 25))
    for image in range(2):
        mean = np.zeros((5, 5))
        for row in range(3):
            for column in range(4):
                mean += np.outer(FEATURES[image, row, column], FEATURES[image, row, column]) / 12
        rooted = (np.sign(mean) * np.sqrt(np.abs(mean))).ravel()
        expected[image] = rooted / np.linalg.norm(rooted)
    np.testing.assert_allclose(BilinearPooling()(FEATURES), expected, rtol=1e-3, atol=1e-4)


def test_bilinear_pooling_can_be_learned_through_where_features_are_zero() -> None:
    features = tf.Variable(np.stack([np.zeros((3, 4, 5)), np.maximum(FEATURES[0], 0)]).astype(np.float32))
    with tf.GradientTape() as tape:
        pooled = BilinearPooling()(features)
        loss = tf.reduce_sum(pooled[:, :3])
    np.testing.assert_array_equal(pooled[0], np.zeros(25))
    assert np.isfinite(tape.gradient(loss, features)).all()


@pytest.mark.parametrize(
    ("pooling", "expected"),
    [
        ("avg", [FEATURES.mean(axis=(1, 2))]),
        ("max", [FEATURES.max(axis=(1, 2))]),
        ("avg+max", [FEATURES.mean(axis=(1, 2)), FEATURES.max(axis=(1, 2))]),
        (
            "avg+max+flatten",
            [FEATURES.mean(axis=(1, 2)), FEATURES.max(axis=(1, 2)), FEATURES.reshape(2, -1)],
        ),
    ],
)
def test_pools_lie_side_by_side(pooling: Pooling, expected: list[np.ndarray]) -> None:
    inputs = keras.Input(FEATURES.shape[1:])
    pooled = keras.Model(inputs, pool(inputs, pooling, "p"))(FEATURES)
    np.testing.assert_allclose(pooled, np.concatenate(expected, axis=1), rtol=1e-5, atol=1e-6)


def test_a_vector_stays_as_it_is() -> None:
    inputs = keras.Input((7,))
    assert pool(inputs, "bilinear", "p") is inputs
