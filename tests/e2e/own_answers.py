"""A model's figures by class, computed anew from its own answers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
import tensorflow as tf

from components import contract
from pipeline.results.class_scores import ClassScores
from pipeline.results.summary import Metrics
from serving.contract import ACCEPTED, IMAGE_BYTES, LABEL, PROBABILITY, SERVING_DEFAULT
from serving.session_model import SessionModel
from tests.e2e.example_records import bytes_of


class OwnAnswer(NamedTuple):
    """What a model says of an image of a class."""

    label: str
    answer: str
    probability: np.float32
    accepted: bool


def own_answers(saved_model: Path, held_out: list[tf.train.Example]) -> list[OwnAnswer]:
    """Asks a model as it is served."""
    files = np.array([bytes_of(record, contract.IMAGE_ENCODED) for record in held_out], object)
    labels = [bytes_of(record, contract.CLASS_TEXT).decode() for record in held_out]
    with SessionModel.load(saved_model) as model:
        said = model.run(SERVING_DEFAULT, {IMAGE_BYTES: files})
    answers = [answer.decode() for answer in said[LABEL]]
    return list(map(OwnAnswer, labels, answers, said[PROBABILITY], said[ACCEPTED]))


def require_figures_of(
    answers: Sequence[OwnAnswer], classes: dict[str, ClassScores] | None
) -> Counter[tuple[str, str]]:
    """Compares scores with a model's own answers; returns what it took for what, how often."""
    taken = Counter((each.label, each.answer) for each in answers)
    assert classes is not None
    assert len(classes) == 3
    for label, scores in classes.items():
        of_class, answered = (
            sum(count for pair, count in taken.items() if pair[side] == label) for side in (0, 1)
        )
        known = taken[label, label]
        assert scores.images == of_class
        assert scores.recall == pytest.approx(known / of_class)
        assert scores.precision == (pytest.approx(known / answered) if answered else None)
        assert scores.f1 == pytest.approx(2 * known / (of_class + answered))
    return taken


def require_coverage_of(answers: Sequence[OwnAnswer], metrics: Metrics) -> None:
    """Compares what sure answers come to with a model's own ones, some of which it rejects."""
    for row in metrics.coverage:
        sure = [each for each in answers if each.probability >= np.float32(row.threshold)]
        assert row.answered == len(sure)
        assert row.right == sum(each.answer == each.label for each in sure)
    assert metrics.accepted in metrics.coverage
    assert metrics.accepted is not None
    assert 0 < metrics.accepted.answered == sum(each.accepted for each in answers) < len(answers)
