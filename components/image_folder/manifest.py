"""What became of every file: one line of JSON each, written beside the shards."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True)
class Entry:
    """What became of one file.

    Attributes:
        path: relative to the root of the folder, with "/".
        label: name of its class folder.
        sha256: hexadecimal digest of its bytes; None where it could not be read.
        split: where the image was written; None when it was set aside.
        reason: why it was set aside; None when it was written.
    """

    path: str
    label: str
    sha256: str | None = None
    split: str | None = None
    reason: str | None = None


def write_manifest(path: Path, entries: Iterable[Entry]) -> None:
    """Writes the entries to a file that `read_manifest` reads back."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(asdict(entry)) + "\n" for entry in entries), "ascii")


def read_manifest(path: Path) -> list[Entry]:
    """Reads the entries, in the order in which they were written."""
    return [Entry(**json.loads(line)) for line in path.read_text("ascii").splitlines()]
