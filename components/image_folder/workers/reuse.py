"""What an earlier ingest already knows, so that unchanged files are neither read nor decoded again."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Final

from components.contract import SPLITS
from components.image_folder.files.listing import ImageFile, Listing
from components.image_folder.records.artifact_files import manifest_path, shard_path
from components.image_folder.records.manifest import Entry, read_manifest
from components.image_folder.records.record_file import is_whole
from components.image_folder.workers.work_units import WorkUnit, units_that_overlap
from components.whole_file import write_whole

if TYPE_CHECKING:
    from components.image_folder.settings import DataSettings

_MARK: Final = "ingest.json"
# Findings about which the same file may tell something else the next time.
_TRANSIENT: Final = ("unreadable", "changed")


@dataclass(frozen=True)
class IngestKey:
    """What an ingest's records depend on apart from the files.

    Attributes:
        root: that the paths are relative to.
        settings: of the data, as JSON.
        code: fingerprint of the code that made them.
        model_dir: of the model that they are for.
    """

    root: str
    settings: str
    code: str
    model_dir: str

    @staticmethod
    def of(listing: Listing, settings: DataSettings, code: str, model_dir: str) -> IngestKey:
        """The key of an ingest; settings about several images at once do not touch a record."""
        single = settings.model_dump(
            mode="json",
            exclude={"images", "span", "window", "near_duplicates", "max_set_aside", "schema_file"},
        )
        return IngestKey(listing.root, json.dumps([single, listing.open_splits]), code, model_dir)


@dataclass(frozen=True)
class EarlierIngest:
    """A whole Examples artifact.

    Attributes:
        examples_dir: its folder.
        fingerprint: of the listing that it was made from.
        units: how many units it was made in.
        attempt: of the ingest that made it; see `content_fingerprint.attempt_at`.
        unread: paths of files that could not be read then.
    """

    examples_dir: Path
    fingerprint: str
    units: int
    attempt: str
    unread: tuple[str, ...]


def mark_whole(examples_dir: Path, key: IngestKey, fingerprint: str, attempt: str = "") -> None:
    """Declares an Examples artifact to be whole: all of its shards and manifests are written.

    The mark is written last, so a folder that has it is whole.
    """
    manifests = _manifests(examples_dir)
    unread = [path for manifest in manifests for path in _unread(manifest)]
    mark = {
        "key": asdict(key),
        "fingerprint": fingerprint,
        "units": len(manifests),
        "attempt": attempt,
        "unread": unread,
        "manifests": _digest(manifests),
    }
    write_whole(examples_dir / _MARK, json.dumps(mark).encode())


def earlier_ingest(candidates: Iterable[Path], key: IngestKey) -> EarlierIngest | None:
    """The newest whole Examples artifact made with the same key; None without one.

    One whose manifests are not what they were is passed over: of images, they hold all that is not looked
    at again. Records have checksums of their own.

    Args:
        candidates: folders of Examples artifacts; a number as the name, newer ones with larger numbers.
        key: of this run.
    """
    numbered = [folder for folder in candidates if folder.name.isdecimal()]
    for folder in sorted(numbered, key=lambda folder: -int(folder.name)):
        try:
            mark = json.loads((folder / _MARK).read_text("utf-8"))
            if mark["key"] == asdict(key) and mark["manifests"] == _digest(_manifests(folder)):
                return EarlierIngest(
                    folder, mark["fingerprint"], mark["units"], mark["attempt"], tuple(mark["unread"])
                )
        except (OSError, ValueError, KeyError, TypeError):  # Not there, or not what `mark_whole` writes.
            continue
    return None


def _manifests(examples_dir: Path) -> list[Path]:
    return sorted(manifest_path(examples_dir, 0).parent.glob("*.jsonl"))


def _digest(manifests: Iterable[Path]) -> str:
    """Hexadecimal SHA-256 of their names and bytes."""
    total = hashlib.sha256()
    for manifest in manifests:
        total.update(manifest.name.encode())
        total.update(manifest.read_bytes())
    return total.hexdigest()


def _unread(manifest: Path) -> Iterator[str]:
    # Most manifests do not even name such a finding, and need not be parsed.
    if any(b'"%s"' % kind.encode() in manifest.read_bytes() for kind in _TRANSIENT):
        yield from (entry.path for entry in read_manifest(manifest) if _is_transient(entry))


def _is_transient(entry: Entry) -> bool:
    """Whether another look at the same file may tell something else."""
    return any(kind in _TRANSIENT for kind, _ in entry.findings)


class Reusable:
    """The entries and records of an earlier ingest that a unit may take over; a context manager."""

    def __init__(self, unit: WorkUnit, earlier: EarlierIngest | None) -> None:
        """Reads the manifests of the earlier units that hold files of this one."""
        self._entries: dict[str, tuple[Entry, Path | None]] = {}
        self._shards: dict[Path, int] = {}
        if earlier is None:
            return
        names = {file.path for file in unit.files}
        for index in units_that_overlap(unit.index, unit.count, earlier.units):
            unit_name = WorkUnit(index, earlier.units, ()).name
            shards = {split: shard_path(earlier.examples_dir, split, unit_name) for split in SPLITS}
            for entry in read_manifest(manifest_path(earlier.examples_dir, index)):
                if entry.path in names:
                    shard = shards[entry.record.split] if entry.record else None
                    self._entries[entry.path] = entry, shard
        for shard in {shard for _, shard in self._entries.values() if shard}:
            with contextlib.suppress(OSError):
                self._shards[shard] = os.open(shard, os.O_RDONLY)

    def __enter__(self) -> Reusable:
        """Returns itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Closes the earlier shards."""
        for descriptor in self._shards.values():
            os.close(descriptor)

    def look_up(self, file: ImageFile, label_id: int) -> tuple[Entry, bytes] | None:
        """What is known of a file that has not changed since: its entry, and its record as it lies there.

        The record is empty for a file that could not be used. Nothing is known
        of a file that could not be read, or whose record was left out for the
        sake of another file: that one may be gone.
        """
        entry, shard = self._entries.get(file.path, (None, None))
        if entry is None:
            return None
        as_it_was = (entry.label, entry.label_id, entry.size, entry.modified, entry.given_split)
        if as_it_was != (file.label, label_id, file.size, file.modified, file.split):
            return None
        if entry.split is None:
            return None if _is_transient(entry) else (entry, b"")
        if entry.record is None or shard not in self._shards:
            return None
        framed = os.pread(self._shards[shard], entry.record.length, entry.record.offset)
        return (entry, framed) if is_whole(framed) else None
