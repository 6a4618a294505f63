"""Where images are: a local folder, or whatever TensorFlow has a file system for."""

from __future__ import annotations

import errno
import os
import re
import stat
from collections.abc import Iterable, Iterator
from functools import lru_cache
from operator import itemgetter
from pathlib import Path
from typing import Literal, NamedTuple, Protocol

from components.contract import ConfigError
from components.image_folder.listing import ImageFile

_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")


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


def is_uri(path: str) -> bool:
    """Whether this names something by URI, such as `gs://bucket/folder`, and not a local path."""
    return _URI.match(path) is not None


def open_store(root: str) -> ImageStore:
    """The store whose root this is. TensorFlow is loaded for URIs only, and not for `file://`.

    Raises:
        ConfigError: TensorFlow has no file system for this URI.
    """
    if root.lower().startswith("file://"):
        root = root[len("file://") :]
        if not root.startswith("/"):
            raise ConfigError(f"file://{root} names a host. Write file:///folder, or just /folder.")
    elif is_uri(root):
        from components.image_folder.gfile_store import GfileStore

        return GfileStore(root)
    return LocalStore(root)


class LocalStore:
    """A folder on this machine."""

    # Reading from a disk that is near takes less time than handing the work to a thread.
    workers = 1

    def __init__(self, root: str) -> None:
        """Opens nothing yet.

        Args:
            root: path of the folder.
        """
        self.root = str(Path(root).absolute())
        self.real_root = os.path.realpath(root)
        self._prefix = self.root.rstrip("/") + "/"
        self._real_prefix = self.real_root.rstrip("/") + "/"

    def scan(self, folders: Iterable[str]) -> Iterator[list[FolderItem] | OSError]:
        """See ImageStore."""
        for folder in folders:
            try:
                with os.scandir(self._full(folder)) as entries:
                    yield sorted(map(self._item, entries), key=itemgetter(0))
            except OSError as error:
                yield error

    def look_up(self, paths: Iterable[str]) -> Iterator[FolderItem | OSError]:
        """See ImageStore."""
        real_folder = lru_cache(maxsize=4096)(os.path.realpath)
        for path in paths:
            folder, name = os.path.split(self._full(path))
            try:
                facts = os.lstat(f"{folder}/{name}")
            except OSError as error:
                yield error
                continue
            real = f"{real_folder(folder)}/{name}" if name else real_folder(folder)
            if stat.S_ISLNK(facts.st_mode):
                yield self._link(name, real)
            elif self._is_outside(real):
                yield _item_of(name, facts)._replace(target=real, outside=True)
            else:
                yield _item_of(name, facts)

    def locate(self, folder: str, path: str) -> str:
        """See ImageStore."""
        os.fsencode(path)
        if "\0" in path:
            raise ValueError("a null character")
        if not path.startswith("/") and ".." not in path.split("/"):
            return os.path.normpath(os.path.join(folder, path))
        # What ".." leaves depends on where a link before it leads.
        above, name = os.path.split(os.path.join(self._full(folder), path.rstrip("/")))
        real = os.path.normpath(os.path.join(os.path.realpath(above), name))
        return real.removeprefix(self._real_prefix)

    def read(self, file: ImageFile) -> bytes:
        """See ImageStore."""
        try:
            # Not blocking: a pipe may have taken the file's place.
            descriptor = os.open(self._full(file.path), os.O_RDONLY | os.O_NONBLOCK)
        except OSError as error:
            if error.errno in (errno.ENOENT, errno.ENOTDIR, errno.ENXIO):
                raise FileChangedError("removed after it was listed") from error
            raise
        try:
            data = os.read(descriptor, file.size + 1)
            while len(data) < file.size and (more := os.read(descriptor, file.size + 1 - len(data))):
                data += more
            _require_as_listed(os.fstat(descriptor), file)
        except OSError:
            # A folder, or a pipe without data, may have taken the file's place.
            _require_as_listed(os.fstat(descriptor), file)
            raise
        finally:
            os.close(descriptor)
        if len(data) != file.size:
            raise FileChangedError("written to after it was listed")
        return data

    def _full(self, path: str) -> str:
        if path.startswith("/"):
            return path
        return self._prefix + path if path else self.root

    def _is_outside(self, real: str) -> bool:
        return real != self.real_root and not real.startswith(self._real_prefix)

    def _item(self, entry: os.DirEntry[str]) -> FolderItem:
        if entry.is_symlink():
            return self._link(entry.name, entry.path)
        if entry.is_dir(follow_symlinks=False):
            return FolderItem(entry.name, "folder")
        try:
            return _item_of(entry.name, entry.stat(follow_symlinks=False))
        except OSError as error:
            return FolderItem(entry.name, "broken", reason=str(error.strerror))

    def _link(self, name: str, full: str) -> FolderItem:
        try:
            facts = Path(full).stat()
        except OSError as error:
            return FolderItem(name, "broken", reason=f"a link that leads nowhere: {error.strerror}")
        real = os.path.realpath(full)
        return _item_of(name, facts)._replace(target=real, outside=self._is_outside(real))


def _item_of(name: str, facts: os.stat_result) -> FolderItem:
    mode = facts.st_mode
    if stat.S_ISREG(mode):
        return FolderItem(name, "file", facts.st_size, facts.st_mtime_ns)
    if stat.S_ISDIR(mode):
        return FolderItem(name, "folder")
    what = "a pipe" if stat.S_ISFIFO(mode) else "a socket" if stat.S_ISSOCK(mode) else "a device"
    return FolderItem(name, "other", reason=what)


def _require_as_listed(facts: os.stat_result, file: ImageFile) -> None:
    if not stat.S_ISREG(facts.st_mode):
        raise FileChangedError("no longer a regular file")
    if facts.st_mtime_ns != file.modified:
        raise FileChangedError("written to after it was listed")
