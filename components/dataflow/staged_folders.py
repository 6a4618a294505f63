"""Copies of folders behind a URI, for workers that see nothing of the workspace."""

from __future__ import annotations

import hashlib
import logging
import posixpath
import time
import uuid
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

import tensorflow as tf

from components.dataflow.google_errors import as_unreachable
from components.uri import is_uri
from serving.first_line import first_line

# An object store answers slowly, but many at a time.
_AT_ONCE: Final = 16
# A job does not take longer, and no bucket's rule removes what is younger.
_FRESH_SECONDS: Final = 24 * 3600
_COPYING: Final = "Copying between the workspace and the bucket"

logger = logging.getLogger(__name__)


def shared_copy(folder: Path, location: str) -> str:
    """Copies a folder that does not change any more, unless that has been done before.

    The copy is known by the folder's path and its files' names, sizes and times, so later stages and runs
    find it. What is missing of it, because an upload was cut short or the store has removed old objects,
    is copied again, and so is what is old enough to be removed while it is needed.

    Args:
        folder: an artifact's.
        location: URI of the folder that copies are made in.

    Returns:
        URI of the copy.

    Raises:
        UnreachableError: the store cannot be written to.
    """
    files = sorted(file for file in folder.rglob("*") if file.is_file())
    facts = [(file.relative_to(folder).as_posix(), file.stat()) for file in files]
    known_by = [str(folder.absolute()), *((name, stat.st_size, stat.st_mtime_ns) for name, stat in facts)]
    copy = f"{location}/shared/{hashlib.sha256(repr(known_by).encode()).hexdigest()[:32]}"
    old = time.time() - _FRESH_SECONDS

    def complete(name: str, size: int) -> None:
        with suppress(tf.errors.NotFoundError):
            there = tf.io.gfile.stat(f"{copy}/{name}")
            if there.length == size and there.mtime_nsec > old * 1e9:
                return
        copy_file(str(folder / name), f"{copy}/{name}")

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
        try:
            if tf.io.gfile.isdir(written):
                tf.io.gfile.rmtree(written)
        except tf.errors.OpError as error:  # The outcome is known, and this is not it.
            logger.warning("%s could not be removed: %s", written, first_line(error.message))


def fetch_folder(uri: str, folder: Path) -> None:
    """Copies all files below a URI into a folder, replacing those of the same names."""
    with as_unreachable(_COPYING):
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
    """Does something many times at once, and no more of it once that has failed."""
    pool = ThreadPoolExecutor(_AT_ONCE)
    try:
        with as_unreachable(_COPYING):
            for done in [pool.submit(do, *each) for each in arguments]:
                done.result()
    finally:
        pool.shutdown(cancel_futures=True)
