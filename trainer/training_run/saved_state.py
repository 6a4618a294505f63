"""Arrays and figures in one file, which is whole or not there at all."""

from __future__ import annotations

import errno
import json
import struct
import uuid
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from components.progress import report_progress

_FIGURES = "figures"
# A run that ends removes the folder of its states, in which another run of the same request may be saving or
# reading. The file is then not there, or, on a network volume, no longer.
_TAKEN_AWAY = (errno.ENOENT, errno.ESTALE)
# What is raised where bytes of a ZIP file are missing or are others; some of them say where to read on.
_DAMAGED = (zipfile.BadZipFile, EOFError, KeyError, RuntimeError, ValueError, struct.error, zlib.error)
_NO_SUCH_PLACE = (errno.EINVAL,)


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
        flat[_FIGURES] = np.frombuffer(text.encode(), np.uint8)
        try:
            _replace(path, flat)
        except OSError as error:
            if error.errno not in _TAKEN_AWAY:
                raise
            _replace(path, flat)

    @classmethod
    def load(cls, path: Path) -> SavedState | None:
        """Reads a state; None when there is none, or when it is damaged, as its checksums tell."""
        try:
            with np.load(path, allow_pickle=False) as file:
                told = json.loads(file[_FIGURES].tobytes())
                arrays = {
                    name: [file[f"{name}.{number}"] for number in range(count)]
                    for name, count in told["counts"].items()
                }
        except OSError as error:
            if error.errno not in (*_TAKEN_AWAY, *_NO_SUCH_PLACE):
                raise
            return None
        except _DAMAGED:
            report_progress(f"{path} is damaged, so what it held is done anew")
            return None
        return cls(told["figures"], arrays)


def _replace(path: Path, arrays: Mapping[str, np.ndarray]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    # Two runs of the same request may be under way at once.
    partial = path.with_name(f"{path.stem}-{uuid.uuid4().hex}.partial")
    with partial.open("wb") as file:
        np.savez(file, **arrays)
    partial.replace(path)
