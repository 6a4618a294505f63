"""One row an epoch, of all phases."""

from __future__ import annotations

import csv
import time
from pathlib import Path
from typing import Any

import keras


class History(keras.callbacks.Callback):
    """Keeps what each epoch came to, and writes it down as CSV.

    Attributes:
        rows: so far, of this phase and of those before it.
        phase: number of the phase, from 1.
    """

    def __init__(self, path: Path) -> None:
        """Has no rows yet.

        Args:
            path: of the CSV file.
        """
        super().__init__()
        self._path = path
        self._started = 0.0
        self.phase = 1
        self.rows: list[dict[str, Any]] = []

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Looks at the clock."""
        self._started = time.monotonic()

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Adds a row."""
        row: dict[str, Any] = {
            "phase": self.phase,
            "epoch": epoch + 1,
            "learning_rate": float(keras.ops.convert_to_numpy(self.model.optimizer.learning_rate)),
            **{name: float(value) for name, value in (logs or {}).items() if name != "learning_rate"},
            "seconds": round(time.monotonic() - self._started, 3),
            "kept": 0,
        }
        self.rows = [*self.rows, row]
        self.write()

    def keep(self, epoch: int | None) -> None:
        """Notes which epoch's weights this phase has come to; the last such epoch of all phases is the model.

        Args:
            epoch: of this phase, from 1; None where the phase is undone.
        """
        self.rows = [
            {**row, "kept": int(row["epoch"] == epoch)} if row["phase"] == self.phase else row
            for row in self.rows
        ]
        self.write()

    def on_train_end(self, logs: dict[str, Any] | None = None) -> None:
        """Writes the rows of a run that was killed after its last epoch, and has none left to do."""
        self.write()

    def write(self) -> None:
        """Writes the rows so far, where there are any."""
        if not self.rows:
            return
        with self._path.open("w", newline="") as file:
            writer = csv.DictWriter(file, list(self.rows[-1]))
            writer.writeheader()
            writer.writerows(self.rows)
