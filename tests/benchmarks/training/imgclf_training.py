"""What the Trainer does."""

from __future__ import annotations

import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

import keras
import numpy as np
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
from trainer.image_ops import load_images
from trainer.images.split_images import SplitImages
from trainer.images.split_records import read_split
from trainer.model.classifier import Classifier, build_classifier
from trainer.model.settings import ModelSettings
from trainer.settings import TrainingSettings
from trainer.training_run import fit as fitting
from trainer.training_run.callbacks import DivergedError
from trainer.training_run.eval_figures import EvalFigures
from trainer.training_run.fit import RunFiles, Splits
from trainer.training_run.phase_data import BatchRule, Examples, training_batches


def train(folder: Path, weights: str, seed: int) -> dict[str, float]:
    """Both phases one after the other, with an empty feature cache; see `keras_script.train`."""
    keras.utils.set_random_seed(seed)
    settings = TrainingSettings.model_validate(
        {"batch_size": BATCH, "patience": 100, "phases": [_phase(FROZEN), _phase(FINE_TUNING)]}
        | {"augmentation": {"ops": [{"op": "flip"}, {"op": "rotation", "degrees": FINE_TUNING.rotation}]}}
    )
    model = ModelSettings.model_validate(
        {"alpha": ALPHA, "image_size": SIZE, "weights": weights, "head": {"dropout": DROPOUT}}
    )
    test = _images(folder, "test")
    figures: dict[str, float] = {}
    run_phase = fitting.run_phase

    def timed(classifier: Classifier, *words: Any) -> tuple[EvalFigures | None, DivergedError | None]:
        name = "fine-tuning" if "frozen, seconds" in figures else "frozen"
        started = time.perf_counter()
        came_to = run_phase(classifier, *words)
        figures[f"{name}, seconds"] = time.perf_counter() - started
        figures[f"{name}, accuracy"] = _accuracy(classifier, test)
        return came_to

    fitting.run_phase = timed
    with tempfile.TemporaryDirectory() as scratch:
        files = RunFiles(Path(scratch, "history.csv"), Path(scratch, "resume"), Path(scratch, "features"))
        splits = Splits(_images(folder, "train"), _images(folder, "eval"), _counts(folder))
        fitting.fit(
            lambda size: build_classifier(model, len(_counts(folder)), size),
            splits,
            settings,
            seed,
            "benchmark",
            files,
        )
    return figures


def many(folder: Path) -> dict[str, float]:
    """One epoch on more pixels than the settings allow in memory, and the most memory that took."""
    classes, size = 10, 32
    settings = TrainingSettings.model_validate(
        {"batch_size": 256, "cache_gib": 0.25, "phases": [{"train": "all", "epochs": 1}]}
    )
    model = ModelSettings.model_validate({"backbone": "lenet", "weights": "none", "image_size": size})
    before = _memory("VmRSS")
    train, evaluation = (read_split(str(folder / f"Split-{name}" / "*")) for name in ("train", "eval"))
    pixel_bytes = train.count * 3 * size**2
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        in_file = pixel_bytes > settings.cache_gib * 2**30
        images = [
            SplitImages(
                records,
                _transform(size),
                size,
                Path(scratch, name) if in_file else None,
            )
            for name, records in (("train", train), ("eval", evaluation))
        ]
        files = RunFiles(Path(scratch, "history.csv"), Path(scratch, "resume"), Path(scratch, "features"))
        started = time.perf_counter()
        fitting.fit(
            lambda pixels: build_classifier(model, classes, pixels),
            Splits(images[0], images[1], (train.count // classes,) * classes),
            settings,
            0,
            "benchmark",
            files,
        )
    return {
        "records": train.count,
        "GiB of pixels": pixel_bytes / 2**30,
        "seconds": time.perf_counter() - started,
        "GiB before": before / 2**30,
        "GiB at the peak": _memory("VmHWM") / 2**30,
    }


def read(folder: Path) -> dict[str, float]:
    """The input pipeline alone, for ten epochs, of which the first decodes."""
    seconds = []
    images = _images(folder, "train")
    rule = BatchRule(BATCH, len(_counts(folder)), None, None, 0)
    steps = -(-images.count // BATCH)
    started = time.perf_counter()
    examples = Examples.of_pixels(images.pixels(SIZE))
    for step, _ in enumerate(training_batches(examples, rule, 0, PIPELINE_EPOCHS), 1):
        if step % steps == 0:
            seconds.append(time.perf_counter() - started)
            started = time.perf_counter()
    total = images.count * len(seconds) / sum(seconds)
    return {"first epoch, images/s": images.count / seconds[0], "all epochs, images/s": total}


def _memory(field: str) -> int:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(f"{field}:"):
            return int(line.split()[1]) * 1024
    raise OSError(f"no {field} in /proc/self/status")


def _phase(phase: Phase) -> dict[str, Any]:
    train = f"last {phase.layers} layers" if phase.layers else "head"
    return {"train": train, "epochs": phase.epochs, "learning_rate": phase.learning_rate}


def _images(folder: Path, split: str) -> SplitImages:
    records = read_split(str(folder / "examples" / f"Split-{split}" / "*"))
    return SplitImages(records, _transform(SIZE), SIZE, None)


def _transform(size: int) -> Any:
    """Decoding and resizing as the Trainer is given it: a graph that was traced before."""
    function = tf.function(lambda encoded: load_images(encoded, size))
    return function.get_concrete_function(tf.TensorSpec([None], tf.string))


def _counts(folder: Path) -> tuple[int, ...]:
    labels = read_split(str(folder / "examples" / "Split-train" / "*")).labels
    return tuple(count for _, count in sorted(Counter(labels.tolist()).items()))


def _accuracy(classifier: Classifier, test: SplitImages) -> float:
    pixels = test.pixels(SIZE).read(np.arange(test.count))
    answers = classifier.model.predict(tf.cast(pixels, tf.float32), verbose=0)
    return float(np.mean(answers.argmax(1) == test.records.labels))
