from __future__ import annotations

import pytest

from trainer.phases import Trainable, cap_epochs, parse_trainable


@pytest.mark.parametrize(
    ("text", "layers"), [("head", 0), ("all", None), ("last 1 layer", 1), ("last 20 layers", 20)]
)
def test_reads_what_learns(text: str, layers: int | None) -> None:
    assert parse_trainable(text) == Trainable(layers)


@pytest.mark.parametrize("text", ["", "last", "last 0 layers", "last x layers", "heads", "all but the head"])
def test_refuses_anything_else(text: str) -> None:
    with pytest.raises(ValueError, match="is not one of: head, last N layers"):
        parse_trainable(text)


@pytest.mark.parametrize(
    ("epochs", "total", "capped"),
    [
        ([10, 4], None, [10, 4]),
        ([10, 4], 0, [0, 0]),
        ([10, 4], 3, [3, 0]),
        ([10, 4], 12, [10, 2]),
        ([10, 4], 99, [10, 4]),
    ],
)
def test_the_cap_cuts_the_last_phases_first(epochs: list[int], total: int | None, capped: list[int]) -> None:
    assert cap_epochs(epochs, total) == capped
