"""Randomness without state: every draw is a function of a seed tensor."""

from __future__ import annotations

import keras
import tensorflow as tf


def fold(seed: tf.Tensor, number: int) -> tf.Tensor:
    """A seed of its own for each number.

    Args:
        seed: int32 or int64 [2].
        number: at least 0.

    Returns:
        int64 [2].
    """
    return tf.random.experimental.stateless_fold_in(seed, tf.constant(number, tf.int64))


def uniform(
    seed: tf.Tensor, count: tf.Tensor, low: float = 0.0, high: float = 1.0, draws: int = 1
) -> tuple[tf.Tensor, ...]:
    """Draws uniformly from low to high for each image.

    Args:
        seed: int32 or int64 [2].
        count: int32 scalar N, images.
        low, high: bounds; the lower one belongs to the range.
        draws: numbers that each image needs.

    Returns:
        As many float32 [N] as there are draws.
    """
    return tuple(tf.unstack(tf.random.stateless_uniform((draws, count), seed, low, high)))


class FoldedSeed(keras.random.SeedGenerator):
    """A seed generator for Keras' layers that holds no variable, so that the same seed draws the same again.

    Keras' own one counts in a variable: what a layer draws from it depends on
    how often it was asked before, by whichever thread of the input pipeline.
    """

    def __init__(self, seed: tf.Tensor) -> None:
        """Leaves out the parent's, which makes the variable.

        Args:
            seed: int32 or int64 [2].
        """
        self._seed = seed
        self._drawn = 0

    def next(self, ordered: bool = True) -> tf.Tensor:
        """The next seed, int64 [2].

        Args:
            ordered: part of Keras' interface; the order is the same either way.
        """
        del ordered
        self._drawn += 1
        return fold(self._seed, self._drawn)
