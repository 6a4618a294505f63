"""How the files are dealt out to workers: which of them end up in one shard."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from components.image_folder.listing import ImageFile

# Large enough that opening a shard costs nothing, small enough that a killed
# worker loses little and that a training job can read many shards at once.
MAX_UNIT_BYTES: Final = 64 * 2**20
MAX_UNIT_FILES: Final = 4096


@dataclass(frozen=True)
class WorkUnit:
    """Files that one worker reads, and writes as one shard a split.

    Attributes:
        index: position of the unit, from 0.
        count: how many units there are.
        files: in the order in which they are written.
    """

    index: int
    count: int
    files: tuple[ImageFile, ...]

    @property
    def shard_name(self) -> str:
        """File name of this unit's shard in each split's folder."""
        return f"images-{self.index:05d}-of-{self.count:05d}.tfrecord"


def plan_work(files: Sequence[ImageFile]) -> list[WorkUnit]:
    """Deals the files out, mixed, so that every shard holds a bit of every class.

    The order is that of a hash of the path: the same for the same folder, on
    every machine. It spares the shuffle of image bytes that stock ExampleGen
    does for the same purpose.
    """
    mixed = sorted(
        files, key=lambda file: hashlib.sha1(file.path.encode("utf-8", "surrogateescape")).digest()
    )
    groups: list[list[ImageFile]] = []
    room_bytes = room_files = 0
    for file in mixed:
        if not groups or file.size > room_bytes or room_files == 0:
            groups.append([])
            room_bytes, room_files = MAX_UNIT_BYTES, MAX_UNIT_FILES
        groups[-1].append(file)
        room_bytes -= file.size
        room_files -= 1
    return [WorkUnit(index, len(groups), tuple(group)) for index, group in enumerate(groups)]
