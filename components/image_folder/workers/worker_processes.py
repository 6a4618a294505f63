"""Processes on this machine that work on units side by side, without TensorFlow, and without Beam.

Python runs one thread at a time, so only processes use all cores. They are
started anew instead of being forked, because TensorFlow does not survive a
fork; and they load no framework, so that they are ready in a tenth of a
second. What only TensorFlow can decode, they ask the starting process for.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue
from types import TracebackType
from typing import Final

from components.image_folder.inspection.tensorflow_decoding import decode_with_tensorflow
from components.image_folder.workers import unit_worker
from components.image_folder.workers.unit_dealers import InThisProcess
from components.image_folder.workers.unit_work import Step
from components.image_folder.workers.worker_messages import FailedStep, ToDecode
from components.progress import report_progress

# How long a process that no longer answers is given to say why, before it is killed.
_SECONDS_TO_END: Final = 5


class WorkerDiedError(RuntimeError):
    """A worker process ended in the middle of its work."""


class WorkerProcesses:
    """A UnitDealer whose processes stay until the context is left; a context manager.

    A single unit is done in this process: nobody could share the work. The
    processes end with the thread that first called `do`, if it ends before.
    """

    def __init__(self, count: int) -> None:
        """Starts none yet.

        Args:
            count: how many there may be.
        """
        self._count = count
        self._workers: list[_Worker] = []
        self._idle: SimpleQueue[_Worker] = SimpleQueue()

    def __enter__(self) -> WorkerProcesses:
        """Returns itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Ends the processes, which have nothing left to do, or nothing that matters after an error."""
        for worker in self._workers:
            worker.kill()
            worker.close()

    def do(self, step: Step, examples_dir: Path, units: Sequence[int]) -> None:
        """See UnitDealer.

        Raises:
            WorkerDiedError: one was killed.
            Exception: whatever the step raised in a worker.
        """
        if len(units) == 1:
            InThisProcess().do(step, examples_dir, units)
            return
        self._start(min(self._count, len(units)))
        with ThreadPoolExecutor(len(self._workers)) as threads:
            waiting = [threads.submit(self._do, step, examples_dir, unit) for unit in units]
            try:
                for number, one in enumerate(waiting, start=1):
                    one.result()
                    report_progress(f"part {number} of {len(waiting)}")
            except BaseException:
                threads.shutdown(wait=False, cancel_futures=True)
                # So that nobody waits for an answer that is no longer of use.
                for worker in self._workers:
                    worker.kill()
                raise

    def _start(self, count: int) -> None:
        while len(self._workers) < count:
            self._workers.append(_Worker())
            self._idle.put(self._workers[-1])

    def _do(self, step: Step, examples_dir: Path, unit: int) -> None:
        worker = self._idle.get()
        try:
            worker.do(step, examples_dir, unit)
        finally:
            # After an error too: the next thread would wait for it for ever.
            self._idle.put(worker)


class _Worker:
    """One process, and the line to it."""

    def __init__(self) -> None:
        # Modules are found as in this process: not in the current folder, where a user may have others.
        path = [folder or str(Path.cwd()) for folder in sys.path]
        # Named by what is imported above, so that it is among the code that the stage's result depends on.
        program = f"import sys; sys.path[:] = {path!r}; from {unit_worker.__name__} import main; main()"
        # Not over its standard output, where a library may print something.
        answers, theirs = os.pipe()
        arguments = (os.getpid(), theirs)
        self._process = subprocess.Popen(
            [sys.executable, "-c", program, *map(str, arguments)],
            # One image's linear algebra is too small to be shared out among threads.
            env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
            stdin=subprocess.PIPE,
            pass_fds=(theirs,),
        )
        os.close(theirs)
        self._answers = os.fdopen(answers, "rb")

    def do(self, step: Step, examples_dir: Path, unit: int) -> None:
        """Lets the process do a step of a unit, and decodes for it meanwhile what it cannot."""
        answer = self._ask((step, examples_dir, unit))
        while isinstance(answer, ToDecode):
            answer = self._ask(decode_with_tensorflow(answer))
        if isinstance(answer, FailedStep):
            raise answer.error from _RemoteTracebackError(answer.traceback)

    def kill(self) -> None:
        """Ends the process; does nothing where it has ended."""
        self._process.kill()
        self._process.wait()

    def close(self) -> None:
        """Closes the line to the process, which has to have ended."""
        self._answers.close()
        assert self._process.stdin is not None
        with contextlib.suppress(OSError):  # a question that nobody will read
            self._process.stdin.close()

    def _ask(self, question: object) -> object:
        assert self._process.stdin is not None
        try:
            pickle.dump(question, self._process.stdin, pickle.HIGHEST_PROTOCOL)
            self._process.stdin.flush()
            return pickle.load(self._answers)
        except (EOFError, pickle.UnpicklingError, ConnectionError):
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(_SECONDS_TO_END)
            self.kill()
            status = self._process.returncode
            raise WorkerDiedError(
                f"A process that ingest had started ended with status {status}"
                + (": it was killed, perhaps because memory ran out." if status < 0 else ".")
            ) from None


class _RemoteTracebackError(Exception):
    """Where in the worker an error came from; shown as the cause of the error here."""

    def __str__(self) -> str:
        return f"\n\n{self.args[0]}"
