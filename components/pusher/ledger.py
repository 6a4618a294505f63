"""What has ever been published in a model's folder: kept beside the versions, and outliving them."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from pydantic import TypeAdapter
from pydantic.dataclasses import dataclass

from components.pusher.notes import read_note
from components.whole_file import write_whole

# A model server looks at numbered folders only.
LEDGER_FILE: Final = ".published.json"


@dataclass(frozen=True)
class Ledger:
    """What clients may have come to rely on, even if the version is gone.

    Attributes:
        last_version: highest version ever; a number is never used twice, or
            a server that missed the change would go on with the old model.
        labels: names in id order, of the newest push; ids never move.
    """

    last_version: int = 0
    labels: tuple[str, ...] = ()

    @staticmethod
    def read(model_dir: Path) -> Ledger:
        """Reads the ledger; an empty one where nothing was published.

        Raises:
            ConfigError: it is damaged.
        """
        path = model_dir / LEDGER_FILE
        written = read_note(path, _LEDGER) if path.is_file() else Ledger()
        # Other tools push too; a number counts even while its version is incomplete.
        there = [int(entry.name) for entry in model_dir.glob("[0-9]*") if entry.name.isdecimal()]
        return Ledger(max([written.last_version, *there]), written.labels)

    def write(self, model_dir: Path) -> None:
        """Replaces the ledger, in one step."""
        write_whole(model_dir / LEDGER_FILE, _LEDGER.dump_json(self))


_LEDGER = TypeAdapter(Ledger)
