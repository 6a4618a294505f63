"""What can be asked of a place where images are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Literal, NamedTuple, Protocol

from components.image_folder.files.listing import ImageFile


class FileChangedError(Exception):
    """The file is not what was listed; the text is the reason, without a full stop."""


class FolderItem(NamedTuple):
    """What lies in a folder under one name.

    Attributes:
        name: last component of its path.
        kind: of what a link leads to; `broken` when it leads nowhere.
        size: bytes.
        modified: nanoseconds since the epoch; 0 where the file system keeps none.
        target: where a link leads, and what lies outside of the store really is; None for all else.
        outside: whether that is outside of the store's root.
        reason: why it is `broken`, or what kind of `other` thing it is.
    """

    name: str
    kind: Literal["file", "folder", "other", "broken"]
    size: int = 0
    modified: int = 0
    target: str | None = None
    outside: bool = False
    reason: str = ""


class ImageStore(Protocol):
    """Files below one root. Paths are relative to it, with "/"; an absolute one is taken as it is.

    Attributes:
        root: folder or URI, without a "/" at its end.
        real_root: the same with every link followed.
        workers: how many files are best read at a time.
    """

    root: str
    real_root: str
    workers: int

    def scan(self, folders: Iterable[str]) -> Iterator[list[FolderItem] | OSError]:
        """What lies directly in each of the folders, sorted by name; or why it cannot be said."""
        ...

    def look_up(self, paths: Iterable[str]) -> Iterator[FolderItem | OSError]:
        """What lies under each of the paths; or why it cannot be said."""
        ...

    def locate(self, folder: str, path: str) -> str:
        """The path of what a file in `folder` calls `path`: relative to the root, or absolute outside of it.

        Raises:
            ValueError: no file can have this name.
        """
        ...

    def read(self, file: ImageFile) -> bytes:
        """The bytes of a file as it was listed.

        Raises:
            FileChangedError: it is gone, or has been written to.
            OSError: it cannot be read.
        """
        ...
