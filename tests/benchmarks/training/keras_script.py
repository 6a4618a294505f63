"""What a plain Keras script does: image_dataset_from_directory and Model.fit."""

from __future__ import annotations

import math
import time
from pathlib import Path

import keras
import tensorflow as tf

from tests.benchmarks.training.recipe import (
    ALPHA,
    BATCH,
    DROPOUT,
    FINE_TUNING,
    FROZEN,
    PIPELINE_EPOCHS,
    SIZE,
    Phase,
)
from trainer.images.untuned import untuned


def train(folder: Path, weights: str, seed: int) -> dict[str, float]:
    """Both phases one after the other, with XLA on or off, whichever makes the quicker steps.

    Args:
        folder: as `prepare` wrote it.
        weights: file for MobileNet without its top.
        seed: of everything random.

    Returns:
        Seconds of each phase, from reading the files on, and the accuracy on the test split after each; and
        the milliseconds of a step with XLA and without, for which no clock of a phase runs.
    """
    keras.utils.set_random_seed(seed)
    train, evaluation, test = (_dataset(folder, split, seed) for split in ("train", "eval", "test"))
    classes = len(train.class_names)
    backbone = keras.applications.MobileNet((SIZE, SIZE, 3), alpha=ALPHA, include_top=False, weights=weights)
    pixels = keras.Input((SIZE, SIZE, 3))
    scaled = keras.layers.Rescaling(1 / 127.5, -1)(pixels)
    pooled = keras.layers.GlobalAveragePooling2D()(backbone(scaled, training=False))
    outputs = keras.layers.Dense(classes, activation="softmax")(keras.layers.Dropout(DROPOUT)(pooled))
    model = keras.Model(pixels, outputs)
    steps = math.ceil(len(list((folder / "files" / "train").glob("*/*"))) / BATCH)
    figures = {}
    for name, phase in (("frozen", FROZEN), ("fine-tuning", FINE_TUNING)):
        for position, layer in enumerate(backbone.layers):
            learning = position >= len(backbone.layers) - phase.layers
            layer.trainable = learning and not isinstance(layer, keras.layers.BatchNormalization)
        step = {jit: _seconds_a_step(model, jit) for jit in (True, False)}
        figures[f"{name}, ms a step with XLA"] = 1000 * step[True]
        figures[f"{name}, ms a step"] = 1000 * step[False]
        rate = keras.optimizers.schedules.CosineDecay(phase.learning_rate, steps * phase.epochs)
        model.compile(
            keras.optimizers.Adam(rate),
            "categorical_crossentropy",
            metrics=["accuracy"],
            jit_compile=step[True] < step[False],
        )
        started = time.perf_counter()
        model.fit(
            _augmented(train, phase).prefetch(tf.data.AUTOTUNE),
            validation_data=evaluation.prefetch(tf.data.AUTOTUNE),
            epochs=phase.epochs,
            verbose=0,
        )
        figures[f"{name}, seconds"] = time.perf_counter() - started
        figures[f"{name}, accuracy"] = model.evaluate(test, verbose=0)[1]
    return figures


def _seconds_a_step(model: keras.Model, jit: bool) -> float:
    """The quickest of two training steps that change nothing, after one that compiles."""
    model.compile(keras.optimizers.SGD(0.0), "categorical_crossentropy", jit_compile=jit)
    pixels, labels = tf.zeros((BATCH, *model.input_shape[1:])), tf.zeros((BATCH, model.output_shape[-1]))
    seconds = []
    for _ in range(3):
        started = time.perf_counter()
        model.train_on_batch(pixels, labels)
        seconds.append(time.perf_counter() - started)
    return min(seconds[1:])


def read(folder: Path) -> dict[str, float]:
    """The input pipeline alone, for ten epochs."""
    dataset = _dataset(folder, "train", 0).prefetch(tf.data.AUTOTUNE)
    seconds = []
    for _ in range(PIPELINE_EPOCHS):
        started = time.perf_counter()
        count = sum(len(images) for images, _ in dataset)
        seconds.append(time.perf_counter() - started)
    return {"first epoch, images/s": count / seconds[0], "all epochs, images/s": count * 10 / sum(seconds)}


def decode(folder: Path) -> dict[str, float]:
    """Nothing but decoding, on all cores."""
    files = [str(file) for file in (folder / "files" / "train").glob("*/*")]
    dataset = tf.data.Dataset.from_tensor_slices(files).map(
        lambda file: tf.shape(tf.io.decode_jpeg(tf.io.read_file(file), channels=3)),
        num_parallel_calls=tf.data.AUTOTUNE,
    )
    # The yardstick, unlike the script, does not have to wait for tf.data's autotuner in the end.
    dataset = untuned(dataset)
    started = time.perf_counter()
    for _ in dataset:
        pass
    return {"first epoch, images/s": len(files) / (time.perf_counter() - started)}


def _dataset(folder: Path, split: str, seed: int) -> tf.data.Dataset:
    return keras.utils.image_dataset_from_directory(
        folder / "files" / split,
        label_mode="categorical",
        image_size=(SIZE, SIZE),
        batch_size=BATCH,
        seed=seed,
        verbose=False,
    )


def _augmented(dataset: tf.data.Dataset, phase: Phase) -> tf.data.Dataset:
    if not phase.rotation:
        return dataset
    layers = keras.Sequential(
        [keras.layers.RandomFlip("horizontal"), keras.layers.RandomRotation(phase.rotation / 360)]
    )
    return dataset.map(
        lambda images, labels: (layers(images, training=True), labels), num_parallel_calls=tf.data.AUTOTUNE
    )
