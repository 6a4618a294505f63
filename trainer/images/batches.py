"""Batches whose content depends on seed, epoch and step alone, so that training can go on where it ended."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import tensorflow as tf

# int64 [n] → arrays [n, …]
Read = Callable[[np.ndarray], tuple[np.ndarray, ...]]


def steps_an_epoch(count: int, batch_size: int) -> int:
    """Batches that `count` examples make; the last one may be smaller."""
    return -(-count // batch_size)


def training_order(
    count: int, batch_size: int, seed: int, first_epoch: int, epochs: int, views: int = 1
) -> tf.data.Dataset:
    """Which examples are in which batch.

    Args:
        count: examples.
        batch_size: examples a batch.
        seed: of the shuffling.
        first_epoch: number of the first epoch to come; earlier ones are passed over.
        epochs: number after that of the last epoch.
        views: how many rows there are of each example, view after view; each epoch takes the next view.

    Returns:
        Elements (indices int64 [b], seed of the batch int64 [2]), `steps_an_epoch` of them an epoch;
        each epoch has every example once, in an order of its own.
    """

    def batches_of(epoch: tf.Tensor) -> tf.data.Dataset:
        shuffled = tf.random.experimental.stateless_shuffle(
            tf.range(count, dtype=tf.int64), seed=tf.stack([tf.constant(seed, tf.int64), epoch])
        )
        shuffled += epoch % views * count
        batches = tf.data.Dataset.from_tensor_slices(shuffled).batch(batch_size)
        seeds = tf.data.Dataset.range(steps_an_epoch(count, batch_size)).map(
            lambda step: tf.random.experimental.stateless_fold_in(
                tf.stack([tf.constant(seed, tf.int64), epoch]), step
            )
        )
        return tf.data.Dataset.zip(batches, seeds)

    return tf.data.Dataset.range(first_epoch, epochs).flat_map(batches_of)


def read_batches(order: tf.data.Dataset, read: Read, like: tuple[np.ndarray, ...]) -> tf.data.Dataset:
    """Reads what `training_order` or `in_order` says.

    Args:
        order: elements (indices int64 [b], seed int64 [2]).
        read: indices → arrays.
        like: arrays of the same dtypes and shapes, apart from the first dimension.

    Returns:
        Elements (*arrays, seed).
    """

    def load(indices: tf.Tensor, seed: tf.Tensor) -> tuple[tf.Tensor, ...]:
        arrays = tf.numpy_function(read, [indices], [array.dtype for array in like])
        shaped = (
            tf.ensure_shape(array, (None, *each.shape[1:])) for array, each in zip(arrays, like, strict=True)
        )
        return *shaped, seed

    return order.map(load, num_parallel_calls=tf.data.AUTOTUNE)


def in_order(count: int, batch_size: int) -> tf.data.Dataset:
    """All examples once, as they lie; elements as those of `training_order`."""
    indices = tf.data.Dataset.range(count).batch(batch_size)
    return indices.map(lambda each: (each, tf.zeros(2, tf.int64)))


def in_even_parts(count: int, turns: int, devices: int) -> tf.data.Dataset:
    """All examples once, as they lie, in parts that several devices take in turns, one each.

    The lengths of parts differ by one at the most. Those of the first turn are the same: Keras takes the mean
    of their examples, to build the model for.

    Args:
        count: examples; where they are fewer than two a device, some may be in several parts.
        turns: there should be; more where one would not come out even, fewer where a part would be empty.
        devices: that take a part each turn.

    Returns:
        Elements as those of `training_order`.
    """
    if count < 2 * devices:
        lengths = np.full(devices, -(-count // devices))
    else:
        parts = devices * min(max(turns, 2), count // devices)
        longer = count % parts
        lengths = np.full(parts, count // parts)
        # From the second turn on there is room for less than a turn of them.
        lengths[slice(longer) if longer >= devices else slice(parts - longer, None)] += 1
    ends = np.cumsum(lengths)

    def part(first: tf.Tensor, end: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        return tf.range(first, end) % count, tf.zeros(2, tf.int64)

    return tf.data.Dataset.from_tensor_slices((ends - lengths, ends)).map(part)
