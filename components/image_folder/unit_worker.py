"""The program of a worker process; `worker_processes` starts it and tells it what to do."""

from __future__ import annotations

import ctypes
import gc
import os
import pickle
import signal
import sys
import traceback
from collections.abc import Sequence
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING, Any, Final

from components.image_folder.to_decode import ToDecode
from components.image_folder.unit_work import do_step

if TYPE_CHECKING:
    from components.image_folder.image_header import UnusableImageError
    from components.image_folder.image_measures import Pixels

_PR_SET_PDEATHSIG: Final = 1  # prctl(2)


def work(line: Connection) -> None:
    """Does what comes over the line, until it is closed at its other end.

    Args:
        line: carries the first arguments of `do_step` here; the answer is None, a `ToDecode`, or an error
            with its traceback.
    """

    def ask_tensorflow(images: Sequence[tuple[bytes, int]]) -> list[Pixels | UnusableImageError]:
        line.send(ToDecode(images))
        decoded: list[Pixels | UnusableImageError] = line.recv()
        return decoded

    while True:
        try:
            step, examples_dir, unit = line.recv()
        except EOFError:
            return
        answer = None
        try:
            do_step(step, examples_dir, unit, threads=1, ask_tensorflow=ask_tensorflow)
        except Exception as error:
            answer = _portable(error), traceback.format_exc()
        line.send(answer)


def _portable(error: Exception) -> Any:
    try:
        return pickle.loads(pickle.dumps(error))
    except Exception:
        return RuntimeError(repr(error))


def _end_with(parent: int) -> None:
    """Has the system kill this process when the one that started it ends, however that comes about."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it had ended before
        sys.exit(1)


if __name__ == "__main__":
    _end_with(int(sys.argv[2]))
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that started this one
    gc.freeze()
    work(Connection(int(sys.argv[1])))
