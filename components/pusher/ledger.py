"""What has ever been published in a model's folder: kept beside the versions, and outliving them."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from pydantic import TypeAdapter
from pydantic.dataclasses import dataclass

from components.label_map import read_labels
from components.pusher.notes import damaged, read_note
from components.pusher.push_record import RECORD_FILE
from components.whole_file import write_whole
from serving.contract import LABELS_ASSET, version_number

# A model server looks at numbered folders only.
LEDGER_FILE: Final = ".published.json"


@dataclass(frozen=True)
class Ledger:
    """What clients may have come to rely on, even if the version is gone.

    Attributes:
        last_version: highest version ever, or about to be; a number is never used twice, or
            a server that missed the change would go on with the old model.
        labels: names in id order, of the newest push; ids never move.
    """

    last_version: int = 0
    labels: tuple[str, ...] = ()

    @staticmethod
    def read(model_dir: Path) -> Ledger:
        """Reads the ledger, and what versions there are; an empty one where nothing was published.

        Versions count because other tools push too, and because the ledger may be lost.

        Raises:
            ConfigError: it is damaged, or the labels of a version are.
        """
        path = model_dir / LEDGER_FILE
        written = read_note(path, _LEDGER) if path.is_file() else Ledger()
        # A number counts even while its version is incomplete.
        there = sorted(
            (number, entry)
            for entry in model_dir.glob("[0-9]*")
            if (number := version_number(entry.name)) is not None
        )
        # Labels are only ever added, so the longest list is the newest.
        labels = max([written.labels, *(_labels(folder) for _, folder in there)], key=len)
        return Ledger(max([written.last_version, *(number for number, _ in there)]), labels)

    def write(self, model_dir: Path) -> None:
        """Replaces the ledger, in one step."""
        write_whole(model_dir / LEDGER_FILE, _LEDGER.dump_json(self))


_LEDGER = TypeAdapter(Ledger)


def _labels(version_dir: Path) -> tuple[str, ...]:
    """Labels of a version that a push of ours made; none for those of other tools, or of other users."""
    path = version_dir / LABELS_ASSET
    try:
        if not (version_dir / RECORD_FILE).is_file() or not path.is_file():
            return ()
        return read_labels(path)
    except PermissionError:  # Those before the newest have no others; at the newest, a run ends anyway.
        return ()
    except UnicodeDecodeError as error:
        raise damaged(path) from error
