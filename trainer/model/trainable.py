"""Which part of the model learns. Pure Python."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

_LAST = re.compile(r"last ([1-9]\d*) layers?")
_FROM = re.compile(r"from (layer|block) (\S+)")


@dataclass(frozen=True)
class Trainable:
    """The part of the model that learns; the head always does.

    Attributes:
        part: nothing but the head, the last layers of each backbone, everything from a layer of this very
            name on, everything from the first layer whose name begins so on, or all.
        count: of layers, for `last`.
        name: of the layer or block, for `layer` and `block`.
    """

    part: Literal["head", "last", "layer", "block", "all"]
    count: int = 0
    name: str = ""

    @property
    def head_only(self) -> bool:
        """Whether the backbone stays as it is, so that its features can be computed once."""
        return self.part == "head"

    def first_learning(self, names: Sequence[str]) -> int | None:
        """Finds where a backbone begins to learn.

        Args:
            names: of the backbone's layers, from pixels to features.

        Returns:
            The position of the first layer that learns, which is `len(names)` when none does; None when there
            is no layer or block of that name.
        """
        if self.part == "head":
            return len(names)
        if self.part == "all":
            return 0
        if self.part == "last":
            return max(0, len(names) - self.count)
        return next((place for place, name in enumerate(names) if self._begins_at(name)), None)

    def _begins_at(self, name: str) -> bool:
        return name == self.name if self.part == "layer" else name.startswith(self.name)


def parse_trainable(text: str) -> Trainable:
    """Reads `head`, `last N layers`, `from layer NAME`, `from block NAME` or `all`.

    Raises:
        ValueError: it is none of them.
    """
    if text == "head":
        return Trainable("head")
    if text == "all":
        return Trainable("all")
    if last := _LAST.fullmatch(text):
        return Trainable("last", count=int(last.group(1)))
    if start := _FROM.fullmatch(text):
        return Trainable("layer" if start.group(1) == "layer" else "block", name=start.group(2))
    raise ValueError(
        f"'{text}' is not one of: head, last N layers (such as 'last 20 layers'), from layer NAME, "
        "from block NAME (the layers' names begin with it), all"
    )
