from __future__ import annotations

import math

import pytest

from trainer.training_run.best_so_far import BestSoFar
from trainer.training_run.eval_figures import EvalFigures, Monitor


@pytest.mark.parametrize(
    ("monitor", "before", "now", "beaten"),
    [
        ("loss", EvalFigures(0.9, 0.5), EvalFigures(0.8, 0.4), True),
        ("loss", EvalFigures(0.9, 0.5), EvalFigures(1.0, 0.6), False),
        ("accuracy", EvalFigures(0.9, 0.5), EvalFigures(0.95, 0.6), True),
        ("accuracy", EvalFigures(0.9, 0.5), EvalFigures(0.85, 0.4), False),
        # What is as good came first.
        ("loss", EvalFigures(0.9, 0.5), EvalFigures(1.0, 0.5), False),
        ("accuracy", EvalFigures(0.9, 0.5), EvalFigures(0.9, 0.4), False),
        # A phase that came to nothing, or to no number.
        ("loss", EvalFigures(0.9, 0.5), None, False),
        ("loss", EvalFigures(0.9, 0.5), EvalFigures(1.0, math.nan), False),
        ("loss", None, None, False),
        ("loss", None, EvalFigures(1.0, math.nan), False),
        ("loss", None, EvalFigures(0.1, 9.0), True),
        ("accuracy", None, EvalFigures(0.0, math.nan), True),
    ],
)
def test_only_better_figures_beat_the_best(
    monitor: Monitor, before: EvalFigures | None, now: EvalFigures | None, beaten: bool
) -> None:
    assert BestSoFar(monitor, before, ()).is_beaten_by(now) is beaten
