"""What trials came to, kept between searches: a trial that is asked for again is not trained again."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from components.whole_file import write_whole
from trainer.training_run.eval_figures import EvalFigures


class FinishedTrials:
    """A folder with a small file for each trial."""

    def __init__(self, folder: Path) -> None:
        """Reads nothing yet.

        Args:
            folder: need not be there.
        """
        self._folder = folder

    def find(self, key: str) -> EvalFigures | None:
        """What the trial of this key came to; None when it never finished."""
        try:
            found: dict[str, Any] = json.loads(self._file(key).read_text("utf-8"))
            return EvalFigures(found["accuracy"], found["loss"])
        except (OSError, ValueError, KeyError):  # Not there, or not what `add` writes.
            return None

    def add(self, key: str, figures: EvalFigures) -> None:
        """Keeps figures under a key that names all that it depends on."""
        self._folder.mkdir(parents=True, exist_ok=True)
        write_whole(self._file(key), json.dumps(asdict(figures)).encode())

    def _file(self, key: str) -> Path:
        return self._folder / f"{key}.json"
