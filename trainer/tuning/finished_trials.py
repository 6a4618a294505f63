"""What trials came to, kept between searches: a trial that is asked for again is not trained again."""

from __future__ import annotations

import csv
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from components.contract import ConfigError


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
        ConfigError: no epoch has been trained.
    """
    if not history.exists():
        raise ConfigError(
            "No epoch was trained. Raise training.epochs, the phases' own, or training.max_minutes."
        )
    with history.open(newline="") as file:
        rows = list(csv.DictReader(file))
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
        except (OSError, ValueError, KeyError):  # Not there, or cut off by a full disk.
            return None

    def add(self, key: str, result: TrialResult) -> None:
        """Keeps a result under a key that names all that it depends on."""
        self._folder.mkdir(parents=True, exist_ok=True)
        self._file(key).write_text(json.dumps(asdict(result)), "utf-8")

    def _file(self, key: str) -> Path:
        return self._folder / f"{key}.json"
