from __future__ import annotations

import numpy as np
import tensorflow as tf

from trainer.images.untuned import untuned
from trainer.training_run.phase_data import BatchRule, Examples, evaluation_batches, training_batches


def _tuned(dataset: tf.data.Dataset) -> bool:
    return dataset.options().autotune.enabled is not False


def test_the_elements_stay_the_same() -> None:
    doubled = tf.data.Dataset.range(100).map(lambda each: 2 * each, num_parallel_calls=tf.data.AUTOTUNE)
    assert _tuned(doubled) and not _tuned(untuned(doubled))
    assert list(untuned(doubled).as_numpy_iterator()) == list(range(0, 200, 2))


def test_no_phase_waits_for_a_tuner() -> None:
    rows = np.zeros((4, 3), np.float32)
    examples = Examples(lambda indices: (rows[indices],), (rows[:0],), np.array([0, 1, 0, 1]))
    rule = BatchRule(size=2, classes=2, class_weights=None, augmentation=None, seed=0)
    assert not _tuned(training_batches(examples, rule, 0, 1))
    assert not _tuned(evaluation_batches(examples, rule))
