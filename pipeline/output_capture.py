"""Keeps what frameworks print off the screen."""

from __future__ import annotations

import contextlib
import io
import logging
import os
import sys
import traceback
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO


class _Screen(io.FileIO):
    """Where people look, as long as they do: a terminal that is closed, or a full disk, ends no work."""

    def write(self, data: Any, /) -> int:
        """Writes, or does not."""
        try:
            return super().write(data)
        except OSError:
            return len(data)


@contextmanager
def captured_output(log: Path) -> Iterator[TextIO]:
    """Sends standard output and error to a file, at the level of file descriptors.

    TensorFlow's C++ code and ML Metadata write there themselves, so replacing
    `sys.stderr` would not do.

    Args:
        log: file to append to; its folder is created.

    Yields:
        A text file on what standard output was before; nothing written to it fails.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    sys.stdout.flush()
    sys.stderr.flush()
    screen, errors = os.dup(1), os.dup(2)
    with open(log, "ab") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    try:
        buffered = io.BufferedWriter(_Screen(os.dup(screen), "w"))
        with io.TextIOWrapper(buffered, encoding="utf-8", errors="replace") as screen_text:
            yield screen_text
    finally:
        with contextlib.suppress(OSError):  # The log's disk may be full.
            sys.stdout.flush()
            sys.stderr.flush()
        os.dup2(screen, 1)
        os.dup2(errors, 2)
        os.close(screen)
        os.close(errors)


def log_traceback() -> None:
    """Writes the exception that is being handled to standard error, which is the log during a run."""
    with contextlib.suppress(OSError):  # Its disk may be full, which is often why.
        traceback.print_exc()


def _is_error(record: logging.LogRecord) -> bool:
    return record.levelno >= logging.ERROR


def quiet_tensorflow() -> None:
    """Silences TensorFlow's start-up messages; to be called before it is imported.

    For commands whose own few lines are all that a user wants to see; errors
    still arrive, as exceptions. Google's client libraries, which come with
    it, announce in warnings which Python versions they will drop; Beam warns
    of a package that it hardly uses, through no logger of its own; Matplotlib
    of a home that it cannot keep its list of fonts in.
    """
    warnings.filterwarnings("ignore", category=FutureWarning)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    for name in ("tensorflow", "matplotlib"):
        logging.getLogger(name).setLevel(logging.ERROR)
    logging.getLogger().addFilter(_is_error)
