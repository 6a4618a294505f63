"""What a single look at each file told: one line of JSON a file, written beside the shards."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from components.image_folder.image_measures import Measures


@dataclass(frozen=True, slots=True)
class Record:
    """Where an image lies: the split whose shard it is in, offset and length there, in bytes."""

    split: str
    offset: int
    length: int


@dataclass(frozen=True, slots=True)
class Entry:
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
        perceptual_hash: empty where there are no measures.
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
    perceptual_hash: bytes = b""
    record: Record | None = None

    def placed(self, record: Record | None) -> Entry:
        """The same entry with its image at another place, or nowhere."""
        return replace(self, record=record)


def write_manifest(path: Path, entries: Iterable[Entry]) -> None:
    """Writes the entries to a file that `read_manifest` reads back; whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    with partial.open("w", encoding="ascii") as file:
        file.writelines(_line(entry) for entry in entries)
    partial.replace(path)


def read_manifest(path: Path) -> Iterator[Entry]:
    """Reads the entries one by one, in the order in which they were written."""
    with path.open(encoding="ascii") as file:
        for line in file:
            yield _entry(line)


def _line(entry: Entry) -> str:
    measures, record = entry.measures, entry.record
    values = (
        entry.path,
        entry.label,
        entry.size,
        entry.modified,
        entry.given_split,
        entry.label_id,
        entry.sha256,
        entry.findings,
        entry.split,
        entry.format,
        entry.width,
        entry.height,
        entry.perceptual_hash.hex(),
        measures
        and (
            measures.brightness,
            measures.contrast,
            measures.sharpness,
            measures.entropy,
            measures.darkest,
            measures.brightest,
            *measures.mean,
            *measures.mean_square,
        ),
        record and (record.split, record.offset, record.length),
    )
    return json.dumps(values, separators=(",", ":")) + "\n"


def _entry(line: str) -> Entry:
    path, label, size, modified, given, label_id, sha256, findings, split, kind, width, height, *rest = (
        json.loads(line)
    )
    perceptual_hash, measures, record = rest
    return Entry(
        path,
        label,
        size,
        modified,
        given,
        label_id,
        sha256,
        tuple((name, reason) for name, reason in findings),
        split,
        kind,
        width,
        height,
        _measures(measures) if measures else None,
        bytes.fromhex(perceptual_hash),
        Record(*record) if record else None,
    )


def _measures(values: list[float]) -> Measures:
    *single, red, green, blue, red_square, green_square, blue_square = values
    brightness, contrast, sharpness, entropy, darkest, brightest = single
    return Measures(
        brightness,
        contrast,
        sharpness,
        entropy,
        darkest,
        brightest,
        (red, green, blue),
        (red_square, green_square, blue_square),
    )
