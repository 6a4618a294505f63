"""Coverage and accuracy of answers that are sure enough."""

from __future__ import annotations

from pipeline.results.selective_classification import Coverage, coverage


def test_answers_are_counted_and_right_ones() -> None:
    counted = coverage(0.75, {(0, 0): 5, (0, 2): 2, (2, 2): 1})
    assert counted == Coverage(0.75, answered=8, right=6)
    assert counted.accuracy == 0.75


def test_without_answers_there_is_no_accuracy() -> None:
    assert coverage(0.99, {}) == Coverage(0.99, answered=0, right=0)
    assert coverage(0.99, {}).accuracy is None
