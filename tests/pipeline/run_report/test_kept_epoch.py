"""Which epoch the model comes from, in words."""

from __future__ import annotations

import pytest

from pipeline.run_report.kept_epoch import kept_epoch, what_was_kept


@pytest.mark.parametrize(
    ("phases", "number", "said"),
    [
        (["001"], 3, "The model has the weights of epoch 3 of 3."),
        (["010", "10"], 4, "The model has the weights of epoch 4 of 5, in phase 2."),
        (
            ["100", "00"],
            1,
            "The model has the weights of epoch 1 of 5, in phase 1. Phase 2 made it no better, and was "
            "undone.",
        ),
        (
            ["0", "01", "000", "0"],
            3,
            "The model has the weights of epoch 3 of 7, in phase 2. Phases 1, 3 and 4 made it no better, and "
            "were undone.",
        ),
        (["00", "0"], None, "No epoch came to anything: the model is as it was before training."),
    ],
)
def test_the_last_that_was_kept_is_the_model(phases: list[str], number: int | None, said: str) -> None:
    rows = [
        {"phase": float(phase), "kept": float(mark)}
        for phase, marks in enumerate(phases, 1)
        for mark in marks
    ]
    assert kept_epoch(rows) == number
    assert what_was_kept(rows) == said
