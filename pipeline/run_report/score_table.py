"""The model's scores by class, as rows with the worst first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from pipeline.results.class_scores import ClassScores, Mistake
from pipeline.results.summary import Metrics
from pipeline.run_report.class_table import LISTED

_MOST_MISTAKES: Final = 10


@dataclass(frozen=True)
class ScoreRow:
    """A class.

    Attributes:
        label: its name.
        scores: of this run's model.
        baseline_f1: of the baseline; None where there is none.
    """

    label: str
    scores: ClassScores
    baseline_f1: float | None

    @property
    def change(self) -> float | None:
        """By how much F1 is above the baseline's; None where there is none."""
        return None if self.baseline_f1 is None else self.scores.f1 - self.baseline_f1


@dataclass(frozen=True)
class ScoreTable:
    """Classes by F1.

    Attributes:
        rows: all classes, or the worst of very many; worst first.
        count: of all classes.
        mistakes: the most frequent.
        all_mistakes: how many kinds of mistakes there are.
    """

    rows: Sequence[ScoreRow]
    count: int
    mistakes: Sequence[Mistake]
    all_mistakes: int


def score_table(metrics: Metrics) -> ScoreTable | None:
    """Sorts the classes by F1; None when no model was evaluated."""
    if not metrics.candidate_classes:
        return None
    before = metrics.baseline_classes or {}
    rows = [
        ScoreRow(label, scores, before[label].f1 if label in before else None)
        for label, scores in metrics.candidate_classes.items()
    ]
    rows.sort(key=lambda row: row.scores.f1)
    return ScoreTable(
        rows=rows if len(rows) <= 2 * LISTED else rows[:LISTED],
        count=len(rows),
        mistakes=metrics.mistakes[:_MOST_MISTAKES],
        all_mistakes=len(metrics.mistakes),
    )
