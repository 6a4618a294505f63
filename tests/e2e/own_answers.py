"""A model's figures by class, computed anew from its own answers."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from components import contract
from pipeline.class_scores import ClassScores
from serving.contract import IMAGE_BYTES, LABEL, SERVING_DEFAULT
from serving.session_model import SessionModel
from tests.e2e.example_records import bytes_of


def require_figures_of(
    saved_model: Path, held_out: list[tf.train.Example], classes: dict[str, ClassScores] | None
) -> Counter[tuple[str, str]]:
    """Compares scores with a model's own answers; returns what it took for what, how often."""
    files = np.array([bytes_of(record, contract.IMAGE_ENCODED) for record in held_out], object)
    labels = [bytes_of(record, contract.CLASS_TEXT).decode() for record in held_out]
    with SessionModel.load(saved_model) as model:
        answers = model.run(SERVING_DEFAULT, {IMAGE_BYTES: files})[LABEL]
    taken = Counter(zip(labels, (answer.decode() for answer in answers), strict=True))
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
