"""How the files are dealt out to workers: which of them end up in one shard."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Final

from components.image_folder.files.listing import ImageFile

# Large enough that opening a shard costs nothing, small enough that a killed
# worker loses little and that a training job can read many shards at once.
MAX_UNIT_BYTES: Final = 64 * 2**20
MAX_UNIT_FILES: Final = 4096


@dataclass(frozen=True)
class WorkUnit:
    """Files that one worker reads, and writes as one shard a split.

    Attributes:
        index: position of the unit, from 0.
        count: how many units there are; a power of two.
        files: in the order in which they are written.
    """

    index: int
    count: int
    files: tuple[ImageFile, ...]

    @property
    def name(self) -> str:
        """What this unit's files are called, without an extension."""
        return f"images-{self.index:05d}-of-{self.count:05d}"


def plan_work(files: Sequence[ImageFile]) -> list[WorkUnit]:
    """Deals the files out, mixed, so that every shard holds a bit of every class.

    The order is that of a hash of the path, and a unit takes an equal part of
    all hashes, up to about `MAX_UNIT_BYTES` and `MAX_UNIT_FILES` on average.
    So it is the same on every machine, it spares the shuffle of image bytes
    that stock ExampleGen does for the same purpose, and a file that comes or
    goes touches one unit only.
    """
    hashed = sorted(((_hash(file.path), file) for file in files), key=itemgetter(0))
    count = 1
    while count * MAX_UNIT_BYTES < sum(file.size for file in files) or count * MAX_UNIT_FILES < len(files):
        count *= 2
    groups: list[list[ImageFile]] = [[] for _ in range(count)]
    for digest, file in hashed:
        groups[digest * count >> 64].append(file)
    return [WorkUnit(index, count, tuple(group)) for index, group in enumerate(groups)]


def units_that_overlap(index: int, count: int, other_count: int) -> range:
    """Which of `other_count` units hold files that belong to unit `index` of `count`."""
    first = index * other_count // count
    return range(first, max(first + 1, (index + 1) * other_count // count))


def _hash(path: str) -> int:
    return int.from_bytes(hashlib.sha1(path.encode("utf-8", "surrogateescape")).digest()[:8], "big")
