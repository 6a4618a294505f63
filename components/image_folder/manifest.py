"""What a single look at each file told: one line of JSON a file, written beside the shards."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from components.image_folder.image_measures import Measures


class Record(NamedTuple):
    """Where an image lies: the split whose shard it is in, offset and length there, in bytes."""

    split: str
    offset: int
    length: int


class Entry(NamedTuple):
    """What one file alone told, without a look at the others.

    Attributes:
        path, label, size, modified: as listed.
        given_split: as listed.
        label_id: position of the label in the label file.
        sha256: hexadecimal digest of the file's bytes; empty where they were not read.
        findings: kind and reason of all that is amiss.
        split: where the image belongs by itself; None when it cannot be used.
        format: of the file; empty where it is unknown, as are `width` and `height` 0.
        width, height: pixels, upright.
        measures: None without `data.verify`, and for images that cannot be used.
        perceptual_hash: hexadecimal; empty where there are no measures.
        record: where the image was written; None when it was not, or was taken out again.
    """

    path: str
    label: str
    size: int
    modified: int
    given_split: str | None
    label_id: int
    sha256: str = ""
    findings: tuple[tuple[str, str], ...] = ()
    split: str | None = None
    format: str = ""
    width: int = 0
    height: int = 0
    measures: Measures | None = None
    perceptual_hash: str = ""
    record: Record | None = None


def write_manifest(path: Path, entries: Iterable[Entry]) -> None:
    """Writes the entries to a file that `read_manifest` reads back; whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    with partial.open("w", encoding="ascii") as file:
        file.writelines(_to_json(entry) + "\n" for entry in entries)
    partial.replace(path)


def read_manifest(path: Path) -> Iterator[Entry]:
    """Reads the entries one by one, in the order in which they were written."""
    with path.open(encoding="ascii") as file:
        for line in file:
            yield _entry(line)


_to_json = json.JSONEncoder(separators=(",", ":")).encode


def _entry(line: str) -> Entry:
    entry = Entry(*json.loads(line))
    measures, record = entry.measures, entry.record
    return entry._replace(
        findings=tuple((kind, reason) for kind, reason in entry.findings),
        measures=measures and Measures(*measures),
        record=record and Record(*record),
    )
