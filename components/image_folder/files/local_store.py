"""Images in a folder on this machine."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterable, Iterator
from functools import lru_cache
from operator import itemgetter
from pathlib import Path

from components.image_folder.files.image_store import FileChangedError, FolderItem
from components.image_folder.files.listing import ImageFile


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
