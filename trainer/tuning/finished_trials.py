"""What trials came to, kept between searches: a trial that is asked for again is not trained again."""

from __future__ import annotations

import csv
import json
import math
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from components.contract import ConfigError
from components.whole_file import write_whole


@dataclass(frozen=True)
class TrialResult:
    """The eval split's figures in the epoch whose weights were kept: `accuracy` from 0 to 1, and `loss`."""

    accuracy: float
    loss: float


def read_result(history: Path, monitor: str) -> TrialResult:
    """What training came to, by its history.

    Args:
        history: CSV with a row for each epoch of all phases.
        monitor: `training.monitor`, the figure that chose the epoch.

    Raises:
        ConfigError: no epoch has been trained, or none came to a number on the eval split.
    """
    if not history.exists():
        raise ConfigError(
            "No epoch was trained. Raise training.epochs, the phases' own, or training.max_minutes."
        )
    with history.open(newline="") as file:
        rows = list(csv.DictReader(file))
    # What is no number is neither less nor more than any, and would count as the best if it came first.
    rows = [row for row in rows if not math.isnan(float(row[f"val_{monitor}"]))]
    if not rows:
        raise ConfigError("The loss on the eval split was no number in any epoch. Lower the learning rates.")
    best = (min if monitor == "loss" else max)(rows, key=lambda row: float(row[f"val_{monitor}"]))
    return TrialResult(float(best["val_accuracy"]), float(best["val_loss"]))


class FinishedTrials:
    """A folder with a small file for each trial."""

    def __init__(self, folder: Path) -> None:
        """Reads nothing yet.

        Args:
            folder: need not be there.
        """
        self._folder = folder

    def find(self, key: str) -> TrialResult | None:
        """The result of the trial of this key; None when it never finished."""
        try:
            found: dict[str, Any] = json.loads(self._file(key).read_text("utf-8"))
            return TrialResult(found["accuracy"], found["loss"])
        except (OSError, ValueError, KeyError):  # Not there, or not what `add` writes.
            return None

    def add(self, key: str, result: TrialResult) -> None:
        """Keeps a result under a key that names all that it depends on."""
        self._folder.mkdir(parents=True, exist_ok=True)
        write_whole(self._file(key), json.dumps(asdict(result)).encode())

    def _file(self, key: str) -> Path:
        return self._folder / f"{key}.json"
