"""Copying a SavedModel to where a model server looks, in one step as the server sees it."""

from __future__ import annotations

import contextlib
import os
import shutil
import time
import uuid
from pathlib import Path
from typing import Final

from components.pusher.push_record import PushRecord

_ABANDONED_SECONDS: Final = 3600


def publish(saved_model: Path, model_dir: Path, record: PushRecord) -> int:
    """Publishes a SavedModel as the next version in `model_dir`.

    The files are copied to a hidden folder beside the versions, flushed to
    disk, and renamed: a server that polls the folder, or a run that is
    killed, sees a complete version or none. Stock Pusher copies into the
    version's own folder, and names it after the second of the push.

    Args:
        saved_model: directory to publish.
        model_dir: holds one folder a version, named by whole numbers from 1.
        record: written into the version.

    Returns:
        The version.
    """
    model_dir.mkdir(parents=True, exist_ok=True)
    _remove_leftovers(model_dir)
    incoming = model_dir / f".incoming-{uuid.uuid4().hex}"
    shutil.copytree(saved_model, incoming)
    record.write(incoming)
    for folder, _, names in os.walk(incoming):
        for path in (*(os.path.join(folder, name) for name in names), folder):
            _flush(path)
    while True:
        version = _next_version(model_dir)
        try:
            # Renaming onto a folder that holds something fails, so of two
            # runs that push at once the slower one takes the next number.
            incoming.rename(model_dir / str(version))
        except OSError:
            if not (model_dir / str(version)).exists():
                raise
        else:
            _flush(model_dir)
            return version


def _remove_leftovers(model_dir: Path) -> None:
    """Removes what killed pushes left; a push that is under way is younger than that."""
    for leftover in model_dir.glob(".incoming-*"):
        with contextlib.suppress(FileNotFoundError):  # Another push may have just finished with it.
            if time.time() - leftover.stat().st_mtime > _ABANDONED_SECONDS:
                shutil.rmtree(leftover)


def _next_version(model_dir: Path) -> int:
    return 1 + max((int(entry.name) for entry in model_dir.iterdir() if entry.name.isdecimal()), default=0)


def _flush(path: str | Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
