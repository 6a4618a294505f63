"""What a phase learns from: pixels, or features where the backbone is frozen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf

from trainer.augmentation.augment import augment
from trainer.augmentation.settings import AugmentationSettings
from trainer.features.feature_store import FeatureStore
from trainer.images.batches import (
    Read,
    in_even_parts,
    in_order,
    read_batches,
    steps_an_epoch,
    training_order,
)
from trainer.images.pixel_store import PixelStore
from trainer.images.untuned import untuned


@dataclass(frozen=True)
class Examples:
    """A split as a model takes it.

    Attributes:
        read: indices int [n] → the model's inputs, arrays [n, …].
        like: arrays of no rows, of the inputs' dtypes and shapes.
        labels: int64 [N].
        views: how many rows there are of each example, view after view.
    """

    read: Read
    like: tuple[np.ndarray, ...]
    labels: np.ndarray
    views: int = 1

    @classmethod
    def of_pixels(cls, store: PixelStore) -> Examples:
        """Images as they are decoded."""
        return cls(
            lambda indices: (store.read(indices),),
            (np.empty((0, *store.shape[1:]), np.uint8),),
            store.labels,
        )

    @classmethod
    def of_features(cls, store: FeatureStore, labels: np.ndarray) -> Examples:
        """What a frozen backbone says of images."""
        return cls(store.read, store.like, labels, store.count // len(labels))


@dataclass(frozen=True)
class BatchRule:
    """What is made of examples.

    Attributes:
        size: examples a batch.
        classes: labels there are.
        class_weights: float32 [classes]; None when all count the same.
        augmentation: of training images; None for inputs that are not images.
        seed: of order and augmentation.
    """

    size: int
    classes: int
    class_weights: tf.Tensor | None
    augmentation: AugmentationSettings | None
    seed: int


def training_batches(examples: Examples, rule: BatchRule, first_epoch: int, epochs: int) -> tf.data.Dataset:
    """Batches of all epochs from `first_epoch` up to `epochs`, as `Model.fit` takes them."""
    order = training_order(len(examples.labels), rule.size, rule.seed, first_epoch, epochs, examples.views)

    def finish(*batch: tf.Tensor) -> tuple[Any, ...]:
        *inputs, labels, seed = batch
        if rule.augmentation is not None:
            images, labels = augment(tf.cast(inputs[0], tf.float32), labels, rule.augmentation, seed)
            inputs = [images]
        return _as_fit_takes_it(inputs, labels, rule)

    batches = _labelled(examples, rule, order).map(finish, num_parallel_calls=tf.data.AUTOTUNE)
    return untuned(batches.prefetch(2))


def evaluation_batches(examples: Examples, rule: BatchRule, devices: int = 1) -> tf.data.Dataset:
    """All examples once, in order and as they are.

    Args:
        examples: where they are fewer than two a device, some may come more than once.
        rule: what is made of them.
        devices: that take one batch each at a time. All of them get some each time, so that no image has to
            be shown twice.
    """

    def finish(*batch: tf.Tensor) -> tuple[Any, ...]:
        *inputs, labels, _ = batch
        return _as_fit_takes_it([tf.cast(each, tf.float32) for each in inputs], labels, rule)

    count = len(examples.labels)
    if devices == 1:
        order = in_order(count, rule.size)
    else:
        order = in_even_parts(count, steps_an_epoch(count, rule.size), devices)
    batches = _labelled(examples, rule, order).map(finish, num_parallel_calls=tf.data.AUTOTUNE)
    return untuned(batches.prefetch(2 * devices))


def _labelled(examples: Examples, rule: BatchRule, order: tf.data.Dataset) -> tf.data.Dataset:
    """Elements (*inputs, one-hot labels float32 [b, classes], seed)."""
    labels = examples.labels

    def read(indices: np.ndarray) -> tuple[np.ndarray, ...]:
        return *examples.read(indices), labels[indices % len(labels)]

    def one_hot(*batch: tf.Tensor) -> tuple[tf.Tensor, ...]:
        *inputs, ids, seed = batch
        return *inputs, tf.one_hot(ids, rule.classes), seed

    return read_batches(order, read, (*examples.like, labels[:0])).map(one_hot)


def _as_fit_takes_it(inputs: list[tf.Tensor], labels: tf.Tensor, rule: BatchRule) -> tuple[Any, ...]:
    """Inputs, labels, and the weights of the examples where classes have weights.

    Keras' own `class_weight` leaves the eval split's loss as it is. But that
    loss chooses the epoch to go back to, and unweighted it chooses one from
    before the small classes are learnt.
    """
    # A tuple: tf.data takes a list for the parts of one tensor.
    taken = inputs[0] if len(inputs) == 1 else tuple(inputs)
    if rule.class_weights is None:
        return taken, labels
    return taken, labels, tf.linalg.matvec(labels, rule.class_weights)
