"""A folder of features: computed once an image, whatever runs ask for them.

    <folder>/<key>/<part>/keys.txt     one image key a line
    <folder>/<key>/<part>/<n>.npy      the features of those images: output n of the extractor
    <folder>/<key>/<part>/checks.txt   checksums of these files

A key stands for everything that features depend on apart from the image. Parts are
written one folder deeper and moved up, so that each is whole; two runs at once may
at worst compute the same images twice.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import time
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from components.progress import report_progress
from trainer.disk_room import take_room
from trainer.features.feature_store import FeatureStore

# int [n] positions of the images to do → for each batch of them, the arrays [b, …] of all outputs
Compute = Callable[[np.ndarray], Iterator[Sequence[np.ndarray]]]

_KEYS = "keys.txt"
_CHECKS = "checks.txt"
_PARTIAL = "partial-"
_CHUNK = 2**20
# Longer than any run takes for its next batch, and for decoding before the first, in seconds.
_AT_WORK = 3600


@dataclass(frozen=True)
class FeatureCache:
    """Features on disk.

    Attributes:
        folder: made where there is none.
        max_bytes: beyond it, those that were not asked for the longest are deleted.
    """

    folder: Path
    max_bytes: int

    def missing(self, key: str, image_keys: Sequence[str]) -> np.ndarray:
        """Positions of the images whose features are not there yet, int64 [n]."""
        known = set().union(*(part.read_text().split() for part in self._parts(key)))
        return np.array([place for place, each in enumerate(image_keys) if each not in known], np.int64)

    def features(self, key: str, image_keys: Sequence[str], compute: Compute) -> FeatureStore:
        """The features of all images, of which those that are missing are computed.

        Args:
            key: of whatever computes them, and how.
            image_keys: of the images, at least one; the same image may come more than once.
            compute: does the images at the positions it is given.
        """
        self._delete_damaged(key)
        self._delete_left(key)
        missing = self.missing(key, image_keys)
        _, first = np.unique([image_keys[place] for place in missing], return_index=True)
        missing = missing[np.sort(first)]
        if len(missing):
            self._write(key, [image_keys[place] for place in missing], compute(missing))
        parts, where = [], {}
        for number, names in enumerate(self._parts(key)):
            parts.append([np.load(file, mmap_mode="r") for file in _arrays(names.parent)])
            for row, name in enumerate(names.read_text().split()):
                where[name] = number, row
        os.utime(self.folder / key)
        self._delete_beyond_limit(keep=key)
        places = np.array([where[name] for name in image_keys], np.int64)
        return FeatureStore(parts, places[:, 0], places[:, 1])

    def _parts(self, key: str) -> list[Path]:
        return sorted((self.folder / key).glob(f"*/{_KEYS}"))

    def _delete_damaged(self, key: str) -> None:
        for part in [names.parent for names in self._parts(key)]:
            if not _is_whole(part):
                report_progress(f"{part} is damaged, so its features are computed anew")
                shutil.rmtree(part, ignore_errors=True)

    def _delete_left(self, key: str) -> None:
        """Takes away what killed runs left: with features that are in use, it would never be the oldest."""
        for partial in (self.folder / key).glob(f"{_PARTIAL}*"):
            if not _is_being_written(partial):
                shutil.rmtree(partial, ignore_errors=True)

    def _write(self, key: str, image_keys: Sequence[str], batches: Iterable[Sequence[np.ndarray]]) -> None:
        folder = self.folder / key
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=_PARTIAL, dir=folder) as partial:
            part = Path(partial) / "part"
            part.mkdir()
            files: list[np.ndarray] = []
            row = 0
            for batch in batches:
                if not files:
                    for number, array in enumerate(batch):
                        path, shape = part / f"{number}.npy", (len(image_keys), *array.shape[1:])
                        files.append(np.lib.format.open_memmap(path, "w+", array.dtype, shape))
                        take_room(path)
                for file, array in zip(files, batch, strict=True):
                    file[row : row + len(array)] = array
                row += len(batch[0])
                os.utime(part)
            if row != len(image_keys):
                raise ValueError(f"{row} rows of features for {len(image_keys)} images")
            (part / _KEYS).write_text("\n".join(image_keys))
            (part / _CHECKS).write_bytes(_checksums(part))
            part.rename(folder / Path(partial).name.removeprefix(_PARTIAL))

    def _delete_beyond_limit(self, keep: str) -> None:
        folders = sorted(self.folder.iterdir(), key=lambda each: _stat(each).st_mtime)
        sizes = {each: sum(_stat(file).st_size for file in each.rglob("*.*")) for each in folders}
        total = sum(sizes.values())
        for folder in folders:
            if total <= self.max_bytes:
                return
            if folder.name != keep and not any(map(_is_being_written, folder.glob(f"{_PARTIAL}*"))):
                shutil.rmtree(folder, ignore_errors=True)
                total -= sizes[folder]


def _is_being_written(partial: Path) -> bool:
    """Whether another run is at work there; what a killed run left has not been touched for a while."""
    began = time.time() - _AT_WORK
    return any(_stat(folder).st_mtime > began for folder in (partial, partial / "part"))


def _stat(path: Path) -> os.stat_result:
    """What the system knows of a file; all of it 0 for one that another run has just moved or deleted."""
    try:
        return path.stat()
    except FileNotFoundError:
        return os.stat_result((0,) * 10)


def _arrays(part: Path) -> list[Path]:
    return sorted(part.glob("*.npy"), key=lambda file: int(file.stem))


def _is_whole(part: Path) -> bool:
    try:
        return (part / _CHECKS).read_bytes() == _checksums(part)
    except OSError:  # Without checksums, or another run has found it damaged as well.
        return False


def _checksums(part: Path) -> bytes:
    """A line for each file: its CRC-32, which finds what disks do, at the speed of reading; and its name."""
    lines = []
    for path in [part / _KEYS, *_arrays(part)]:
        checksum = 0
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                checksum = zlib.crc32(chunk, checksum)
        lines.append(f"{checksum:08x} {path.name}\n")
    return "".join(lines).encode()
