"""Long lists of violations, cut to what one reads. Pure Python."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

SHOWN: Final = 3


def first_few(sentences: Sequence[str], what: str) -> list[str]:
    """The first sentences, and how many there are in all.

    Args:
        sentences: violations of one kind, the worst first.
        what: what they are about, in the plural, as in "12 classes are too small".
    """
    if len(sentences) <= SHOWN:
        return list(sentences)
    return [*sentences[:SHOWN], f"and so on: {len(sentences)} {what}"]
