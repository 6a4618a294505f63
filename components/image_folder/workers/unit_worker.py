"""The program of a worker process; `worker_processes` starts it and tells it what to do."""

from __future__ import annotations

import ctypes
import gc
import os
import pickle
import signal
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, BinaryIO, Final

from components.image_folder.workers.unit_work import do_step
from components.image_folder.workers.worker_messages import FailedStep, ToDecode

if TYPE_CHECKING:
    from components.image_folder.headers.image_header import ImageHeader, UnusableImageError
    from components.image_folder.inspection.reduction import Pixels

_PR_SET_PDEATHSIG: Final = 1  # prctl(2)


def work(questions: BinaryIO, answers: BinaryIO) -> None:
    """Does what it is asked to, until there are no more questions.

    Args:
        questions: pickles of the first arguments of `do_step`; after a `ToDecode`, of what was decoded.
        answers: pickles of None when a step is done, of a `ToDecode` in the middle of it, of a `FailedStep`.
    """

    def answer(what: object) -> None:
        pickle.dump(what, answers, pickle.HIGHEST_PROTOCOL)
        answers.flush()

    def ask_tensorflow(images: Sequence[tuple[bytes, ImageHeader]]) -> list[Pixels | UnusableImageError]:
        answer(ToDecode(images))
        decoded: list[Pixels | UnusableImageError] = pickle.load(questions)
        return decoded

    while True:
        try:
            step, examples_dir, unit = pickle.load(questions)
        except EOFError:
            return
        failed = None
        try:
            do_step(step, examples_dir, unit, threads=1, ask_tensorflow=ask_tensorflow)
        except Exception as error:
            import traceback

            failed = FailedStep(_portable(error), traceback.format_exc())
        answer(failed)


def _portable(error: Exception) -> Exception:
    """The error, or one that says as much where it cannot be sent."""
    try:
        copy: Exception = pickle.loads(pickle.dumps(error))
        return copy
    except Exception:
        return RuntimeError(repr(error))


def _end_with(parent: int) -> None:
    """Has the system kill this process when the one that started it ends, however that comes about."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it had ended before
        sys.exit(1)


def main() -> None:
    """Takes the process that started this one, and the descriptor to answer on, from the command line."""
    _end_with(int(sys.argv[1]))
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that started this one
    gc.freeze()
    work(sys.stdin.buffer, os.fdopen(int(sys.argv[2]), "wb"))
