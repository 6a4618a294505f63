from __future__ import annotations

import pytest

from trainer.model.trainable import Trainable, parse_trainable

NAMES = ("input", "block1_conv", "block1_bn", "block10_conv", "block2_conv")


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("head", Trainable("head")),
        ("all", Trainable("all")),
        ("last 1 layer", Trainable("last", count=1)),
        ("last 20 layers", Trainable("last", count=20)),
        ("from layer conv2d_93", Trainable("layer", name="conv2d_93")),
        ("from block conv5", Trainable("block", name="conv5")),
    ],
)
def test_reads_what_learns(text: str, part: Trainable) -> None:
    assert parse_trainable(text) == part
    assert part.head_only == (text == "head")


@pytest.mark.parametrize(
    "text",
    ["", "last", "last 0 layers", "last x layers", "heads", "from layer", "from layer a b", "from conv1"],
)
def test_refuses_anything_else(text: str) -> None:
    with pytest.raises(ValueError, match=r"is not one of: head, last N layers .* from layer NAME"):
        parse_trainable(text)


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("head", 5),
        ("all", 0),
        ("last 2 layers", 3),
        ("last 9 layers", 0),
        ("from layer block1_bn", 2),
        ("from layer block1", None),
        ("from block block1", 1),
        ("from block block1_b", 2),
        ("from block block2", 4),
        ("from block block3", None),
    ],
)
def test_finds_the_first_layer_that_learns(text: str, first: int | None) -> None:
    assert parse_trainable(text).first_learning(NAMES) == first
