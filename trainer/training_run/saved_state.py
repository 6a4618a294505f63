"""Arrays and figures in one file, which is whole or not there at all."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

_FIGURES = "figures"


@dataclass(frozen=True)
class SavedState:
    """Something that training can go on from.

    Attributes:
        figures: whatever JSON can hold; floats come back bit for bit.
        arrays: lists of arrays by name.
    """

    figures: Mapping[str, Any]
    arrays: Mapping[str, Sequence[np.ndarray]] = field(default_factory=dict)

    def save(self, path: Path) -> None:
        """Replaces the file in one step."""
        flat = {
            f"{name}.{number}": array
            for name, arrays in self.arrays.items()
            for number, array in enumerate(arrays)
        }
        counts = {name: len(arrays) for name, arrays in self.arrays.items()}
        text = json.dumps({"figures": dict(self.figures), "counts": counts})
        path.parent.mkdir(parents=True, exist_ok=True)
        # Two runs of the same request may be under way at once.
        partial = path.with_name(f"{path.stem}-{uuid.uuid4().hex}.partial")
        with partial.open("wb") as file:
            np.savez(file, **{_FIGURES: np.frombuffer(text.encode(), np.uint8)}, **flat)
        partial.replace(path)

    @classmethod
    def load(cls, path: Path) -> SavedState | None:
        """Reads a state; None when there is none."""
        if not path.exists():
            return None
        with np.load(path, allow_pickle=False) as file:
            told = json.loads(file[_FIGURES].tobytes())
            arrays = {
                name: [file[f"{name}.{number}"] for number in range(count)]
                for name, count in told["counts"].items()
            }
        return cls(told["figures"], arrays)
