"""Processes on this machine that work on units side by side, without TensorFlow, and without Beam.

Python runs one thread at a time, so only processes use all cores. They are
started anew instead of being forked, because TensorFlow does not survive a
fork; and they load no framework, so that they are ready in a quarter of a
second. What only TensorFlow can decode, they ask the starting process for.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.connection import Pipe
from pathlib import Path
from queue import SimpleQueue
from types import TracebackType

from components.image_folder.tensorflow_decoding import decode_with_tensorflow
from components.image_folder.to_decode import ToDecode
from components.image_folder.unit_work import Step
from components.progress import report_progress


class WorkerDiedError(RuntimeError):
    """A worker process ended in the middle of its work."""


class WorkerProcesses:
    """Worker processes that stay until the context is left; a context manager."""

    def __init__(self, examples_dir: Path, count: int) -> None:
        """Starts the processes.

        Args:
            examples_dir: root of the Examples artifact that all of them work on.
            count: how many.
        """
        self._workers = [_Worker(examples_dir) for _ in range(count)]
        self._idle: SimpleQueue[_Worker] = SimpleQueue()
        for worker in self._workers:
            self._idle.put(worker)

    def __enter__(self) -> WorkerProcesses:
        """Returns itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Ends the processes, which have nothing left to do, or nothing that matters after an error."""
        for worker in self._workers:
            worker.end()

    def do(self, step: Step, units: Iterable[int]) -> None:
        """Lets the workers do a step of units, and waits for all of them.

        Raises:
            WorkerDiedError: one was killed.
            Exception: whatever the step raised there.
        """
        with ThreadPoolExecutor(len(self._workers)) as threads:
            waiting = [threads.submit(self._do, step, unit) for unit in units]
            try:
                for number, one in enumerate(waiting, start=1):
                    one.result()
                    report_progress(f"part {number} of {len(waiting)}")
            except BaseException:
                threads.shutdown(wait=False, cancel_futures=True)
                # So that nobody waits for an answer that is no longer of use.
                for worker in self._workers:
                    worker.end()
                raise

    def _do(self, step: Step, unit: int) -> None:
        worker = self._idle.get()
        worker.do(step, unit)
        self._idle.put(worker)


class _Worker:
    """One process, and the line to it."""

    def __init__(self, examples_dir: Path) -> None:
        self._line, theirs = Pipe()
        command = [sys.executable, "-m", "components.image_folder.unit_worker", str(examples_dir)]
        search_path = os.pathsep.join(folder or str(Path.cwd()) for folder in sys.path)
        self._process = subprocess.Popen(
            [*command, str(theirs.fileno()), str(os.getpid())],
            # One image's linear algebra is too small to be shared out among threads.
            env={**os.environ, "PYTHONPATH": search_path, "OPENBLAS_NUM_THREADS": "1"},
            pass_fds=(theirs.fileno(),),
            stdin=subprocess.DEVNULL,
        )
        theirs.close()

    def do(self, step: Step, unit: int) -> None:
        """Lets the process do a step of a unit, and decodes for it meanwhile what it cannot."""
        try:
            self._line.send((step, unit))
            answer = self._line.recv()
            while isinstance(answer, ToDecode):
                self._line.send(decode_with_tensorflow(answer))
                answer = self._line.recv()
        except (EOFError, ConnectionError):
            status = self._process.wait()
            raise WorkerDiedError(
                f"A process that was writing unit {unit} ended with status {status}"
                + (": it was killed, perhaps because memory ran out." if status < 0 else ".")
            ) from None
        if answer is not None:
            error, told = answer
            raise error from _RemoteTracebackError(told)

    def end(self) -> None:
        """Ends the process; does nothing where it has ended."""
        self._process.kill()
        self._process.wait()


class _RemoteTracebackError(Exception):
    """Where in the worker an error came from; shown as the cause of the error here."""

    def __str__(self) -> str:
        return f"\n\n{self.args[0]}"
