"""Fitting the classifier, phase by phase."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from components.class_balance.class_weights import class_weights
from components.progress import report_progress
from trainer.classifier import Classifier
from trainer.input_pipeline import DecodedImages, evaluation_batches, training_batches
from trainer.phases import cap_epochs
from trainer.settings import PhaseSettings, TrainingSettings

_FEATURE_BATCH = 64


def fit(
    classifier: Classifier,
    train: DecodedImages,
    evaluation: DecodedImages,
    settings: TrainingSettings,
    train_counts: Sequence[int],
    seed: int,
    history_file: Path,
) -> None:
    """Runs the phases in order; the model ends with the weights that did best on the eval split.

    Best is the lowest loss, with the class weights that training goes by. A
    phase that does worse than what came before it leaves no trace. A phase
    that trains only the head computes the backbone's features once an image,
    not once an epoch, and fits the head on them.

    Args:
        classifier: changed in place.
        train, evaluation: images of the two splits.
        settings: phases, batch size, augmentation.
        train_counts: training images of each class, in id order.
        seed: of shuffling and augmentation.
        history_file: CSV that gets one row an epoch.
    """
    epochs_of = cap_epochs([phase.epochs for phase in settings.phases], settings.epochs)
    classes = len(train_counts)
    weights = _weights(settings, train_counts)
    features: tuple[tf.data.Dataset, tf.data.Dataset] | None = None
    best_loss, best_weights = math.inf, classifier.model.get_weights()
    for number, (phase, epochs) in enumerate(zip(settings.phases, epochs_of, strict=True)):
        if epochs == 0:
            continue
        classifier.set_trainable(phase.trainable)
        callbacks = _callbacks(settings, history_file, f"phase {number + 1}, {phase.train}", epochs)
        if phase.trainable.head_only:
            if features is None:
                report_progress(f"features of {train.count + evaluation.count} images")
                features = (
                    _features(classifier, evaluation_batches(train, classes, _FEATURE_BATCH)).shuffle(
                        train.count, seed=seed
                    ),
                    _features(classifier, evaluation_batches(evaluation, classes, _FEATURE_BATCH)),
                )
            model = classifier.head
            batches, check = (each.batch(settings.batch_size) for each in features)
        else:
            features = None  # The backbone is about to change.
            model = classifier.model
            batches = training_batches(
                train, classes, settings.batch_size, settings.augmentation, seed + number
            )
            check = evaluation_batches(evaluation, classes, settings.batch_size)
        steps = -(-train.count // settings.batch_size)
        _compile(model, phase, settings, epochs * steps)
        if weights is not None:
            batches, check = _weighted(batches, weights), _weighted(check, weights)
        history = model.fit(batches, validation_data=check, epochs=epochs, verbose=0, callbacks=callbacks)
        loss = min(history.history["val_loss"])
        if loss < best_loss:
            best_loss, best_weights = loss, classifier.model.get_weights()
        else:
            report_progress(f"phase {number + 1} brought no lower loss on the eval split: it is undone")
            classifier.model.set_weights(best_weights)


def _features(classifier: Classifier, batches: tf.data.Dataset) -> tf.data.Dataset:
    """Pairs of (features float32 [channels], one-hot label), held in memory."""
    # One signature for all batch sizes, so that the last batch does not trace the backbone anew.
    extract = tf.function(
        lambda pixels: classifier.extractor(pixels, training=False),
        input_signature=[tf.TensorSpec((None, *classifier.model.input_shape[1:]), tf.float32)],
    )
    parts = [(extract(pixels).numpy(), labels.numpy()) for pixels, labels in batches]
    return tf.data.Dataset.from_tensor_slices(
        tuple(np.concatenate(column) for column in zip(*parts, strict=True))
    )


def _weights(settings: TrainingSettings, train_counts: Sequence[int]) -> tf.Tensor | None:
    """Weight of each class in the loss, float32 [classes]; None when all count the same."""
    if settings.class_weights == "none":
        return None
    weights = class_weights(dict(enumerate(train_counts)), settings.class_weights)
    return tf.constant(list(weights.values()), tf.float32)


def _weighted(batches: tf.data.Dataset, weights: tf.Tensor) -> tf.data.Dataset:
    """Adds to each batch the weights of its images, float32 [B].

    Keras' own `class_weight` leaves the eval split's loss as it is. But that
    loss chooses the epoch to go back to, and unweighted it chooses one from
    before the small classes are learnt.
    """
    return batches.map(lambda inputs, labels: (inputs, labels, tf.linalg.matvec(labels, weights)))


def _compile(model: keras.Model, phase: PhaseSettings, settings: TrainingSettings, steps: int) -> None:
    schedule = keras.optimizers.schedules.CosineDecay(phase.learning_rate, steps)
    model.compile(
        optimizer=keras.optimizers.Adam(schedule),
        loss=keras.losses.CategoricalCrossentropy(label_smoothing=settings.label_smoothing),
        metrics=["accuracy"],
        # Keras compiles for the CPU too by default; there it costs more than it gains.
        jit_compile="auto" if tf.config.list_physical_devices("GPU") else False,
    )


def _callbacks(
    settings: TrainingSettings, history_file: Path, phase: str, epochs: int
) -> list[keras.callbacks.Callback]:
    return [
        keras.callbacks.EarlyStopping(
            monitor="val_loss", patience=settings.patience, restore_best_weights=True
        ),
        keras.callbacks.CSVLogger(str(history_file), append=True),
        _EpochLine(phase, epochs),
    ]


class _EpochLine(keras.callbacks.Callback):
    """One line an epoch."""

    def __init__(self, phase: str, epochs: int) -> None:
        super().__init__()
        self._phase, self._epochs = phase, epochs

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Reports the epoch's figures."""
        figures = logs or {}
        report_progress(
            f"{self._phase}: epoch {epoch + 1}/{self._epochs}, loss {figures['loss']:.3f}, "
            f"accuracy {figures['accuracy']:.3f}, on the eval split {figures['val_accuracy']:.3f}"
        )
