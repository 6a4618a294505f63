"""Pushes of a model come one after another, wherever they run."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def sole_push(model_dir: Path) -> Iterator[None]:
    """Waits for other pushes of the model, and keeps them waiting: what is in production stays what it is.

    The lock ends with its process, however that ends. It lies beside the folder of versions, which a push
    that is refused must not make.

    Args:
        model_dir: holds one folder a version; on a file system that can lock files.
    """
    model_dir.parent.mkdir(parents=True, exist_ok=True)
    with (model_dir.parent / f".{model_dir.name}.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
