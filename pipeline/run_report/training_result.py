"""What the Trainer left behind, for the page."""

from __future__ import annotations

import csv
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from components.contract import CONFUSION_MATRIX_FILE, HISTORY_FILE, MISCLASSIFIED_FILE

# Caption of each picture of the eval split that the Trainer may have drawn, by its file.
_PICTURES: Final = {
    CONFUSION_MATRIX_FILE: "What the eval split's images were taken for",
    MISCLASSIFIED_FILE: "The eval split's images that the model is most surely wrong about",
}
# A page with larger ones would take its time to be opened.
_LARGEST_PICTURE: Final = 3 * 2**20


@dataclass(frozen=True)
class Picture:
    """A picture that the page carries in itself: `uri` is a `data:` URI of a PNG."""

    caption: str
    uri: str


@dataclass(frozen=True)
class TrainingResult:
    """How training went.

    Attributes:
        epochs: figure → value of each epoch, of all phases one after another.
        pictures: of the eval split.
        folder: where the history, TensorBoard's logs and the pictures are.
    """

    epochs: Sequence[Mapping[str, float]]
    pictures: Sequence[Picture]
    folder: str


def read_training(folder: Path) -> TrainingResult:
    """Reads the history's rows that are all numbers, and the pictures, as far as there are any."""
    history = folder / HISTORY_FILE
    rows: list[Mapping[str, float]] = []
    if history.is_file():
        with history.open(newline="") as file:
            rows = [numbers for row in csv.DictReader(file) if (numbers := _numbers(row)) is not None]
    pictures = [
        Picture(caption, f"data:image/png;base64,{b64encode((folder / name).read_bytes()).decode()}")
        for name, caption in _PICTURES.items()
        if (folder / name).is_file() and (folder / name).stat().st_size <= _LARGEST_PICTURE
    ]
    return TrainingResult(rows, pictures, str(folder))


def _numbers(row: Mapping[str, str | None]) -> Mapping[str, float] | None:
    """A row of the history; None for one that is cut off, or holds something else."""
    try:
        return {name: float(value) for name, value in row.items()}  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return None
