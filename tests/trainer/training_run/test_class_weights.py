from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

from components.class_balance.class_weights import SCHEMES, class_weights
from tests.trainer.made_up_splits import MadeUpSplit
from trainer.model.classifier import Classifier, build_classifier
from trainer.model.settings import ModelSettings
from trainer.settings import TrainingSettings
from trainer.training_run.fit import RunFiles, Splits, fit
from trainer.training_run.phase import PhasePlan, eval_figures

SIZE = 8
PHASES = {
    "head": [{"train": "head", "epochs": 15, "learning_rate": 0.01}],
    "all": [{"train": "all", "epochs": 8, "learning_rate": 0.003}],
}


def _split(counts: Sequence[int], seed: int) -> MadeUpSplit:
    """Evenly gray images, a little brighter from class to class, so that neighbouring classes overlap."""
    random = np.random.default_rng(seed)
    labels = random.permutation(np.repeat(np.arange(len(counts)), counts))
    grays = 100 + 40 * labels + random.normal(0, 20, len(labels))
    pixels = grays[:, None, None, None].clip(0, 255).repeat(SIZE, 1).repeat(SIZE, 2).repeat(3, 3)
    return MadeUpSplit(pixels.astype(np.uint8), labels)


def _build(classes: int, image_size: int = SIZE) -> Classifier:
    keras.utils.set_random_seed(0)
    values = {"backbone": "lenet", "weights": "none", "image_size": SIZE, "head": {"dropout": 0}}
    return build_classifier(ModelSettings.model_validate(values), classes, image_size)


def _fit(tmp_path: Path, counts: Sequence[int], evaluation: MadeUpSplit, **settings: object) -> Classifier:
    training = TrainingSettings.model_validate(settings)
    splits = Splits(_split(counts, 0), evaluation, counts)
    files = RunFiles(tmp_path / "history.csv", tmp_path / "resume", tmp_path / "features")
    return fit(lambda size: _build(len(counts), size), splits, training, 0, "none", files)[0]


def _answers(model: keras.Model, split: MadeUpSplit) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities and labels of all images."""
    return model(split.array.astype(np.float32), training=False).numpy(), split.records.labels


@pytest.mark.parametrize("part", ["head", "all"])
def test_the_minority_is_found_more_often(tmp_path: Path, part: str) -> None:
    # The eval split chooses the epoch, and is as unequal as the train split.
    evaluation, balanced = _split((190, 10), 1), _split((500, 500), 2)
    recall = {}
    for scheme in ("none", "inverse"):
        classifier = _fit(
            tmp_path, (570, 30), evaluation, class_weights=scheme, phases=PHASES[part], patience=50
        )
        probabilities, labels = _answers(classifier.model, balanced)
        recall[scheme] = np.mean(probabilities[labels == 1].argmax(1) == 1)
    assert recall["inverse"] > recall["none"] + 0.3


@pytest.mark.parametrize("part", ["head", "all"])
@pytest.mark.parametrize("scheme", ["none", *SCHEMES])
def test_losses_are_weighted_as_by_hand(tmp_path: Path, scheme: str, part: str) -> None:
    counts = (40, 0, 8)
    train, evaluation = _split(counts, 0), _split((6, 3, 2), 1)
    _fit(
        tmp_path,
        counts,
        evaluation,
        class_weights=scheme,
        batch_size=train.count,
        phases=[{"train": part, "epochs": 1, "learning_rate": 1e-12}],
    )
    (row,) = csv.DictReader((tmp_path / "history.csv").open())
    by_class = (
        class_weights(dict(enumerate(counts)), scheme) if scheme != "none" else dict.fromkeys(range(3), 1)
    )
    weights = np.array([by_class[label] for label in range(3)])
    classifier = _build(3)
    for split, column in ((train, "loss"), (evaluation, "val_loss")):
        probabilities, labels = _answers(classifier.model, split)
        losses = -np.log(probabilities[np.arange(split.count), labels])
        assert float(row[column]) == pytest.approx(np.mean(weights[labels] * losses), rel=1e-4)


def test_what_phases_of_several_sizes_are_compared_by_is_weighted_as_well() -> None:
    evaluation, classifier, weights = _split((6, 3, 2), 1), _build(3), np.float32([0.5, 1, 4])
    settings = TrainingSettings.model_validate({"phases": PHASES["all"]})
    plan = PhasePlan(
        number=0,
        settings=settings,
        phase=settings.phases[0],
        epochs=1,
        class_weights=tf.constant(weights),
        classes=3,
        seed=0,
        preprocessing="none",
        until=0,
        tensorboard=None,
    )
    probabilities, labels = _answers(classifier.model, evaluation)
    losses = -np.log(probabilities[np.arange(evaluation.count), labels])
    figures = eval_figures(classifier, evaluation, plan)
    assert figures.loss == pytest.approx(np.mean(weights[labels] * losses), rel=1e-4)


def test_class_weights_are_told_from_others_by_name() -> None:
    with pytest.raises(ValueError, match="class_weights"):
        TrainingSettings.model_validate({"class_weights": "inverted"})
