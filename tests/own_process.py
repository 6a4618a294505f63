"""Processes of their own, for what is killed, or has to come before TensorFlow's first work."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any, Final

# Importing the frameworks takes longer than the work that tests do: one process does so once and nothing
# else, and the others are forks of it.
_FORKS: Final = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload(["components.image_folder.executor", "trainer.training_run.fit"])


def begin_apart(log: Path, work: Callable[..., None], *arguments: Any) -> ForkServerProcess:
    """Begins some work in a process of its own, in which TensorFlow has done nothing yet.

    Args:
        log: file that gets what the process writes, a traceback included.
        work: a function of a module.
        arguments: of the function.

    Returns:
        The process, started.
    """
    process = _FORKS.Process(target=_work, args=(log, work, arguments))
    process.start()
    return process


def run_apart(log: Path, work: Callable[..., None], *arguments: Any) -> int:
    """Does some work in a process of its own, to its end.

    Args:
        log, work, arguments: as for `begin_apart`.

    Returns:
        The exit code; the negative number of the signal that ended the process.
    """
    process = begin_apart(log, work, *arguments)
    process.join()
    assert process.exitcode is not None
    return process.exitcode


def _work(log: Path, work: Callable[..., None], arguments: tuple[Any, ...]) -> None:
    with log.open("wb") as written:
        for stream in (1, 2):
            os.dup2(written.fileno(), stream)
    work(*arguments)
