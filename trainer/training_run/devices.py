"""Training on all devices of the machine at once."""

from __future__ import annotations

from functools import cache
from typing import Any

import keras
import numpy as np
import tensorflow as tf


def training_strategy() -> tf.distribute.Strategy:
    """Copies of the model on all GPUs, which take each step together, when there are more than one.

    Returns:
        A MirroredStrategy over all GPUs, or the default strategy.
    """
    gpus = tuple(gpu.name for gpu in tf.config.list_logical_devices("GPU"))
    return mirrored(gpus) if len(gpus) > 1 else tf.distribute.get_strategy()


@cache
def mirrored(devices: tuple[str, ...]) -> tf.distribute.Strategy:
    """The one MirroredStrategy of this process over these devices.

    Each strategy numbers its sums over the devices from the same number on, and under a number TensorFlow
    remembers the shape that was summed. So a second strategy fails on a model of another shape, such as that
    of the next trial of a search.

    Args:
        devices: names, such as `/device:GPU:0`.
    """
    return tf.distribute.MirroredStrategy(devices)


def dealt_out(batches: tf.data.Dataset, strategy: tf.distribute.Strategy) -> Any:
    """Divides each batch to learn from into parts of the same size, one for each device.

    Left to itself, TensorFlow gives the rest of a split to some devices and nothing to others. The gradient
    is the mean over the devices, so the images would not all count the same; and some operations fail on
    batches of nothing. So a batch that cannot be divided gets its first images once more, and in the loss
    each copy counts as much less as there are more of them.

    Args:
        batches: elements (inputs [b, …], labels [b, classes]) or those with weights of the examples, [b].
        strategy: what trains.

    Returns:
        What `Model.fit` takes: the batches themselves where there is one device, else elements
        (inputs, labels, weights) for each device.
    """
    devices = strategy.num_replicas_in_sync
    if devices == 1:
        return batches

    def parts(inputs: Any, labels: tf.Tensor, weights: tf.Tensor | None = None) -> tf.data.Dataset:
        count = tf.shape(labels)[0]
        size = -(-count // devices)
        rows = tf.range(size * devices) % count
        copies = tf.cast(tf.gather(tf.math.bincount(rows, minlength=count), rows), tf.float32)
        counts = tf.cast(size * devices, tf.float32) / tf.cast(count, tf.float32) / copies
        if weights is not None:
            counts *= tf.gather(weights, rows)

        def divided(tensor: tf.Tensor) -> tf.Tensor:
            return tf.reshape(tensor, tf.concat([[devices, size], tf.shape(tensor)[1:]], 0))

        inputs, labels = tf.nest.map_structure(lambda each: divided(tf.gather(each, rows)), (inputs, labels))
        return tf.data.Dataset.from_tensor_slices((inputs, labels, divided(counts)))

    return each_in_turn(batches.flat_map(parts).prefetch(2 * devices), strategy)


def each_in_turn(batches: tf.data.Dataset, strategy: tf.distribute.Strategy) -> Any:
    """Gives the devices one batch each at a time.

    Args:
        batches: a multiple of as many as there are devices.
        strategy: what trains or evaluates.

    Returns:
        What Keras takes: the batches themselves where there is one device.
    """
    if strategy.num_replicas_in_sync == 1:
        return batches
    return strategy.distribute_datasets_from_function(lambda _: batches)


class OneStatistics(keras.callbacks.Callback):
    """Gives all devices the mean of their batch normalisations' statistics, before each evaluation.

    In Keras 3 each device keeps those of its own parts of the batches. So each would answer in its own way,
    and what is saved, which is what the first one has, would be another model than the one looked at.
    """

    def on_test_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Takes the mean."""
        for layer in self.model._flatten_layers(include_self=False):
            # Frozen, it has kept what it had.
            if isinstance(layer, keras.layers.BatchNormalization) and layer.trainable:
                for statistic in (layer.moving_mean, layer.moving_variance):
                    copies = tf.distribute.get_strategy().experimental_local_results(statistic.value)
                    statistic.assign(np.mean([copy.numpy() for copy in copies], axis=0))
