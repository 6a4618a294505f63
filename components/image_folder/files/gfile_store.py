"""Images below a URI, by way of TensorFlow's file systems."""

from __future__ import annotations

import importlib
import importlib.util
import os
import posixpath
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import tensorflow as tf

from components.contract import ConfigError
from components.image_folder.files.image_store import FileChangedError, FolderItem
from components.image_folder.files.listing import ImageFile
from components.uri import is_uri

_Input = TypeVar("_Input")
_Output = TypeVar("_Output")


class GfileStore:
    """A folder that `tf.io.gfile` can read. It knows neither links nor devices."""

    # A remote store answers slowly, but many at a time.
    workers = 32

    def __init__(self, root: str) -> None:
        """Opens nothing yet.

        Args:
            root: URI of the folder.

        Raises:
            ConfigError: TensorFlow has no file system for this URI.
        """
        _require_file_system(root)
        self.root = self.real_root = root.rstrip("/") if not root.endswith("://") else root

    def scan(self, folders: Iterable[str]) -> Iterator[list[FolderItem] | OSError]:
        """See ImageStore."""
        folders = list(folders)
        with ThreadPoolExecutor(self.workers) as pool:
            for folder, names in zip(folders, pool.map(_or_error(self._names), folders), strict=True):
                if isinstance(names, OSError):
                    yield names
                    continue
                paths = [f"{folder}/{name}" if folder else name for name in names]
                yield sorted(pool.map(self._item_or_broken, paths))

    def look_up(self, paths: Iterable[str]) -> Iterator[FolderItem | OSError]:
        """See ImageStore."""
        with ThreadPoolExecutor(self.workers) as pool:
            yield from pool.map(_or_error(self._item), paths)

    def locate(self, folder: str, path: str) -> str:
        """See ImageStore."""
        path.encode("utf-8")
        scheme, separator, rest = self._full(path if is_uri(path) else f"{folder}/{path}").partition("://")
        whole = scheme + separator + posixpath.normpath(rest)
        return whole.removeprefix(f"{self.root}/")

    def read(self, file: ImageFile) -> bytes:
        """See ImageStore. Only the length is compared: not every store keeps times."""
        try:
            with tf.io.gfile.GFile(self._full(file.path), "rb") as opened:
                data: bytes = opened.read()
        except tf.errors.NotFoundError as error:
            raise FileChangedError("removed after it was listed") from error
        except tf.errors.OpError as error:
            raise _as_os_error(error, file.path) from error
        if len(data) != file.size:
            raise FileChangedError("written to after it was listed")
        return data

    def _full(self, path: str) -> str:
        return path if is_uri(path) else f"{self.root}/{path}" if path else self.root

    def _names(self, folder: str) -> list[str]:
        # An object store may list the folder itself, as an object without a name.
        return [name for name in tf.io.gfile.listdir(self._full(folder)) if name.strip("/")]

    def _item(self, path: str) -> FolderItem:
        name = posixpath.basename(path.rstrip("/"))
        outside = is_uri(path)
        target = path if outside else None
        if path.endswith("/"):  # How object stores mark a folder.
            return FolderItem(name, "folder", target=target, outside=outside)
        facts = tf.io.gfile.stat(self._full(path))
        if facts.is_directory:
            return FolderItem(name, "folder", target=target, outside=outside)
        return FolderItem(name, "file", facts.length, facts.mtime_nsec, target, outside)

    def _item_or_broken(self, path: str) -> FolderItem:
        item = _or_error(self._item)(path)
        if isinstance(item, OSError):
            return FolderItem(posixpath.basename(path), "broken", reason=str(item.strerror))
        return item


def _or_error(ask: Callable[[_Input], _Output]) -> Callable[[_Input], _Output | OSError]:
    def asked(path: Any) -> _Output | OSError:
        try:
            return ask(path)
        except tf.errors.OpError as error:
            return _as_os_error(error, path)

    return asked


def _as_os_error(error: tf.errors.OpError, path: str) -> OSError:
    """The error as the operating system would have put it, for callers that know no TensorFlow."""
    kinds = {
        tf.errors.NOT_FOUND: FileNotFoundError,
        tf.errors.PERMISSION_DENIED: PermissionError,
        tf.errors.UNAUTHENTICATED: PermissionError,
    }
    first_line = str(error.message).split("\n", 1)[0].strip()
    kind = kinds.get(error.error_code, OSError)
    number = {FileNotFoundError: 2, PermissionError: 13}.get(kind, 5)
    return kind(number, first_line or os.strerror(number), path)


def _require_file_system(root: str) -> None:
    scheme = root.partition("://")[0]
    # Importing tensorflow-io is what adds its file systems, such as s3 and hdfs.
    if scheme not in tf.io.gfile.get_registered_schemes() and importlib.util.find_spec("tensorflow_io"):
        importlib.import_module("tensorflow_io")
    if scheme not in tf.io.gfile.get_registered_schemes():
        known = sorted(f"{name}://" for name in tf.io.gfile.get_registered_schemes() if name)
        raise ConfigError(
            f"{root}: TensorFlow has no file system for {scheme}://, only for {', '.join(known)}. "
            "Install the tensorflow-io that goes with it, or copy or mount the images."
        )
