"""A network and images small enough to train in a second."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import keras
import numpy as np

from tests.trainer.made_up_splits import MadeUpSplit
from trainer.model.classifier import Classifier, build_classifier
from trainer.model.settings import ModelSettings
from trainer.settings import TrainingSettings
from trainer.training_run.eval_figures import EvalFigures
from trainer.training_run.fit import RunFiles, Splits, fit

SIZE, CLASSES = 32, 2


def split_of(count: int, seed: int) -> MadeUpSplit:
    """Dark images of class 0, bright ones of class 1."""
    labels = np.arange(count) % CLASSES
    noise = np.random.default_rng(seed).integers(0, 60, (count, SIZE, SIZE, 3))
    return MadeUpSplit((noise + 150 * labels[:, None, None, None]).astype(np.uint8), labels)


TRAIN, EVALUATION = split_of(60, 0), split_of(16, 1)
MODEL = {"backbone": "lenet", "weights": "none", "image_size": SIZE}
ALL = {"phases": [{"train": "all", "epochs": 5, "learning_rate": 0.003}]}
HEAD = {"phases": [{"train": "head", "epochs": 3, "learning_rate": 0.01}]}


def build(seed: int, size: int = SIZE, **model: object) -> Classifier:
    """A network with weights that follow from the seed."""
    keras.utils.set_random_seed(seed)
    return build_classifier(ModelSettings.model_validate({**MODEL, **model}), CLASSES, size)


def fit_small(tmp_path: Path, **words: Any) -> Classifier:
    """The classifier of `fit_and_figures`."""
    return fit_and_figures(tmp_path, **words)[0]


def fit_and_figures(
    tmp_path: Path,
    seed: int = 0,
    model: dict[str, Any] | None = None,
    splits: tuple[MadeUpSplit, MadeUpSplit] = (TRAIN, EVALUATION),
    **settings: object,
) -> tuple[Classifier, EvalFigures | None]:
    """Trains one on dark and bright images; `settings` are of the training."""
    training = TrainingSettings.model_validate({"batch_size": 16, **settings})
    tmp_path.mkdir(exist_ok=True)
    files = RunFiles(tmp_path / "history.csv", tmp_path / "resume", tmp_path / "features")
    return fit(
        lambda size: build(seed, size, **(model or {})),
        Splits(*splits, (30, 30)),
        training,
        seed,
        "none",
        files,
    )


def answers_of(classifier: Classifier) -> np.ndarray:
    """Probabilities for the images of the eval split, float32 [16, 2]."""
    return classifier.model(EVALUATION.array.astype(np.float32), training=False).numpy()


def figures_of(classifier: Classifier, evaluation: MadeUpSplit = EVALUATION) -> EvalFigures:
    """What a split comes to, by NumPy, where nothing is added to the loss."""
    answers = classifier.model(evaluation.array.astype(np.float32), training=False).numpy()
    labels = evaluation.records.labels
    right = answers[np.arange(len(labels)), labels]
    return EvalFigures(float(np.mean(answers.argmax(1) == labels)), float(-np.log(right).mean()))


def history_rows(tmp_path: Path) -> list[dict[str, str]]:
    """What training noted down, an epoch each."""
    return list(csv.DictReader((tmp_path / "history.csv").open()))
