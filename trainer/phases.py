"""Which part of the model learns for how long. Pure Python."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Trainable:
    """The part of the model that a phase changes.

    Attributes:
        backbone_layers: how many of the backbone's last layers learn, 0 for
            the head alone, None for all of them.
    """

    backbone_layers: int | None

    @property
    def head_only(self) -> bool:
        """Whether the backbone stays as it is, so that its features can be computed once."""
        return self.backbone_layers == 0


def parse_trainable(text: str) -> Trainable:
    """Reads `head`, `all` or `last N layers`.

    Raises:
        ValueError: it is none of them.
    """
    if text == "head":
        return Trainable(0)
    if text == "all":
        return Trainable(None)
    match = re.fullmatch(r"last ([1-9]\d*) layers?", text)
    if match is None:
        raise ValueError(f"'{text}' is not one of: head, last N layers (such as 'last 20 layers'), all")
    return Trainable(int(match.group(1)))


def cap_epochs(epochs: Sequence[int], total: int | None) -> list[int]:
    """Epochs of each phase when training stops after `total` epochs in all.

    Args:
        epochs: of each phase, in order.
        total: the cap; None leaves the phases as they are.
    """
    if total is None:
        return list(epochs)
    capped = []
    for wanted in epochs:
        capped.append(min(wanted, total))
        total -= capped[-1]
    return capped
