"""Copies of folders behind a URI, for workers that see nothing of the workspace."""

from __future__ import annotations

import hashlib
import posixpath
import uuid
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import tensorflow as tf

from components.image_folder.image_store import is_uri

# An object store answers slowly, but many at a time.
_AT_ONCE: Final = 16


def shared_copy(folder: Path, location: str) -> str:
    """Copies a folder that does not change any more, unless that has been done before.

    The copy is known by the folder's path and its files' names, sizes and times, so later stages and runs
    find it. What is missing of it, because an upload was cut short or the store has removed old objects,
    is copied again.

    Args:
        folder: an artifact's.
        location: URI of the folder that copies are made in.

    Returns:
        URI of the copy.

    Raises:
        tf.errors.OpError: the store cannot be written to.
    """
    files = sorted(file for file in folder.rglob("*") if file.is_file())
    facts = [(file.relative_to(folder).as_posix(), file.stat()) for file in files]
    known_by = [str(folder.absolute()), *((name, stat.st_size, stat.st_mtime_ns) for name, stat in facts)]
    copy = f"{location}/shared/{hashlib.sha256(repr(known_by).encode()).hexdigest()[:32]}"

    def complete(name: str, size: int) -> None:
        target = f"{copy}/{name}"
        if not (tf.io.gfile.exists(target) and tf.io.gfile.stat(target).length == size):
            copy_file(str(folder / name), target)

    _for_each([(name, stat.st_size) for name, stat in facts], complete)
    return copy


@contextmanager
def collected(location: str, *folders: Path) -> Iterator[list[str]]:
    """Gives each folder a URI to write to instead, and copies what was written there into the folder.

    Copies are made when the block ends well; what lies behind the URIs is removed in any case.

    Args:
        location: URI of the folder that the others are made in.
        folders: that wait for it; those that do not exist are made.
    """
    written = f"{location}/written/{uuid.uuid4().hex}"
    uris = [f"{written}/{number}" for number in range(len(folders))]
    try:
        yield uris
        for uri, folder in zip(uris, folders, strict=True):
            fetch_folder(uri, folder)
    finally:
        if tf.io.gfile.isdir(written):
            tf.io.gfile.rmtree(written)


def fetch_folder(uri: str, folder: Path) -> None:
    """Copies all files below a URI into a folder, replacing those of the same names."""
    names = [
        posixpath.relpath(posixpath.join(parent, name), uri)
        for parent, _, files in tf.io.gfile.walk(uri)
        for name in files
    ]
    _for_each([(name,) for name in names], lambda name: copy_file(f"{uri}/{name}", str(folder / name)))


def store_folder(folder: Path, uri: str) -> None:
    """Copies all files of a folder to below a URI, replacing those of the same names."""
    names = [file.relative_to(folder).as_posix() for file in folder.rglob("*") if file.is_file()]
    _for_each([(name,) for name in names], lambda name: copy_file(str(folder / name), f"{uri}/{name}"))


def copy_file(source: str, target: str) -> None:
    """Copies one file, each end a path or a URI; it is replaced if it is there."""
    if not is_uri(target):  # A store has no folders, and takes their names for empty files.
        Path(target).parent.mkdir(parents=True, exist_ok=True)
    tf.io.gfile.copy(source, target, overwrite=True)


def _for_each(arguments: Iterable[tuple[object, ...]], do: Callable[..., None]) -> None:
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        for done in [pool.submit(do, *each) for each in arguments]:
            done.result()
