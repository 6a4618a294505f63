"""What a single look at each file told: one line of JSON a file, written beside the shards."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import orjson

from components.image_folder.records.measures import Measures


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

    def with_record(self, record: Record | None) -> Entry:
        """The same entry with another record; `_replace` takes three times as long."""
        return Entry(*self[:-1], record)


_FINDINGS, _MEASURES, _RECORD = map(Entry._fields.index, ("findings", "measures", "record"))


def write_manifest(path: Path, entries: Iterable[Entry]) -> None:
    """Writes the entries to a file that `read_manifest` reads back; whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    # Of its own, as a worker that was given up on may be writing the same one.
    partial = path.with_suffix(f".{uuid.uuid4().hex}.partial")
    with partial.open("wb") as file:
        file.writelines(map(_line, entries))
    partial.replace(path)


def read_manifest(path: Path) -> Iterator[Entry]:
    """Reads the entries one by one, in the order in which they were written."""
    with path.open("rb") as file:
        yield from map(_entry, file)


def _line(entry: Entry) -> bytes:
    try:
        # Of plain tuples, as far as that costs nothing: each of another kind is a call of `default`.
        return orjson.dumps(tuple(entry), option=orjson.OPT_APPEND_NEWLINE, default=tuple)
    except TypeError:  # A name that is not UTF-8, which only the standard library takes.
        return json.dumps(entry, separators=(",", ":")).encode() + b"\n"


def _entry(line: bytes) -> Entry:
    try:
        values = orjson.loads(line)
    except orjson.JSONDecodeError:
        values = json.loads(line)
    # In place, before the entry is made: to make one and replace three fields takes four times as long.
    if values[_FINDINGS]:
        values[_FINDINGS] = tuple((kind, reason) for kind, reason in values[_FINDINGS])
    else:
        values[_FINDINGS] = ()
    if values[_MEASURES]:
        values[_MEASURES] = Measures._make(values[_MEASURES])
    if values[_RECORD]:
        values[_RECORD] = Record._make(values[_RECORD])
    return Entry._make(values)
