"""Logs and exit codes of a step in a pod: one JSON object a line on standard output.

The keys are those that log collectors of clouds look for
(https://cloud.google.com/logging/docs/structured-logging).
"""

from __future__ import annotations

import json
import logging
import os
import resource
import signal
import sys
import threading
import time
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timezone
from types import FrameType
from typing import Final

from components.contract import ConfigError
from components.progress import PROGRESS_LOGGER
from pipeline.exit_codes import FAILED_EXIT, TERMINATED_EXIT
from pipeline.terminal.mistakes import MISTAKES, explain

logger = logging.getLogger("imgclf")
_HEARTBEAT_SECONDS: Final = 30.0
# Environment variable.
_LEVEL: Final = "IMGCLF_LOG_LEVEL"
_LEVELS: Final = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")


class TerminatedError(BaseException):
    """The pod is being taken away."""


@dataclass
class Ended:
    """How a step ended; a mistake of the user's has a sentence."""

    exit_code: int = 0
    mistake: str | None = None


class _Lines(logging.Formatter):
    """One JSON object a record."""

    def __init__(self, name: str, run_id: str) -> None:
        super().__init__()
        self._always = {"stage": name, "run": run_id}

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": datetime.fromtimestamp(record.created, timezone.utc).isoformat(timespec="milliseconds"),
            "severity": record.levelname,
            **self._always,
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        text = json.dumps(line, ensure_ascii=False)
        # Bytes in file names that are no UTF-8: a stream would refuse the whole line.
        return text.encode("utf-8", "backslashreplace").decode("utf-8")


@contextmanager
def step(name: str, run_id: str) -> Iterator[Ended]:
    """Logs what happens within, with a line now and then as long as it lasts, and says how it ended.

    An error does not leave it: it becomes an exit code. So does SIGTERM, with
    which a pod is taken away: what is under way then ends as on an error.

    Args:
        name: of the stage.
        run_id: of the run.
    """
    ended = Ended()
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(_Lines(name, run_id))
    root = logging.getLogger()
    before, handlers = root.level, root.handlers[:]
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    logger.setLevel(logging.INFO)
    beat = _Heartbeat()
    logging.getLogger(PROGRESS_LOGGER).addHandler(beat)
    terminated = threading.Event()

    def terminate(number: int, frame: FrameType | None) -> None:
        terminated.set()
        raise TerminatedError

    terminate_before = signal.signal(signal.SIGTERM, terminate)
    beat.start()
    started = time.perf_counter()
    try:
        yield ended
    except (TerminatedError, Exception) as error:
        # Beam wraps whatever is raised in its main thread in an error of its own.
        if terminated.is_set():
            ended.exit_code = TERMINATED_EXIT
            logger.warning("taken away by SIGTERM; the next attempt goes on from what is kept")
        else:
            _note_failure(ended, error)
    finally:
        signal.signal(signal.SIGTERM, terminate_before)
        beat.stop()
        logging.getLogger(PROGRESS_LOGGER).removeHandler(beat)
        if ended.exit_code == 0:
            logger.info("done in %.1f seconds", time.perf_counter() - started)
        root.handlers[:] = handlers
        root.setLevel(before)


def set_log_level(environment: Mapping[str, str] = os.environ) -> None:
    """Has as much logged as the environment says; without a word from it, what is worth knowing.

    Raises:
        ConfigError: there is no such level.
    """
    level = (environment.get(_LEVEL) or "INFO").upper()
    if level not in _LEVELS:
        raise ConfigError(f"{_LEVEL} is '{environment[_LEVEL]}', which is none of {', '.join(_LEVELS)}.")
    logger.setLevel(level)


def _note_failure(ended: Ended, error: BaseException) -> None:
    """Logs an error, and says with which exit code it ends the step."""
    if not isinstance(error, MISTAKES):
        ended.exit_code = FAILED_EXIT
        logger.exception("the stage failed")
        return
    mistake, ended.exit_code = explain(error)
    if isinstance(error, OSError):
        # A disk may have been full, or a network away: the next attempt may succeed.
        logger.error("".join(traceback.format_exception(error)))
    else:
        ended.mistake = mistake
    logger.error(mistake)


class _Heartbeat(logging.Handler):
    """Says now and then that the stage goes on, how far it is, and how much memory it has taken."""

    def __init__(self) -> None:
        super().__init__()
        self._progress = ""
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._beat, daemon=True)

    def emit(self, record: logging.LogRecord) -> None:
        """Notes how far the stage is."""
        self._progress = record.getMessage()

    def start(self) -> None:
        """Begins."""
        self._thread.start()

    def stop(self) -> None:
        """Ends."""
        self._ended.set()
        self._thread.join()

    def _beat(self) -> None:
        started = time.monotonic()
        while not self._ended.wait(_HEARTBEAT_SECONDS):
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10
            seconds = time.monotonic() - started
            progress = f": {self._progress}" if self._progress else ""
            logger.info("running for %.0f seconds, %.0f MiB at the peak%s", seconds, peak, progress)
