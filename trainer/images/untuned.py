"""Datasets without tf.data's autotuner."""

from __future__ import annotations

import tensorflow as tf


def untuned(dataset: tf.data.Dataset) -> tf.data.Dataset:
    """The same elements, by as many threads from first to last.

    The autotuner's thread sleeps for 10 ms at first, then twice as long each time, and whoever is done with
    an iterator may have to wait until it wakes: for as long again as the iterator was in use. Without it,
    `tf.data.AUTOTUNE` calls in parallel stand for a thread a core, 16 at the most.
    """
    options = tf.data.Options()
    options.autotune.enabled = False
    return dataset.with_options(options)
