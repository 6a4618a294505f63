"""Standard streams as the rest relies on them, whatever a process was started with."""

from __future__ import annotations

import codecs
import contextlib
import io
import os
import sys

from components.contract import UnreachableError
from pipeline.exit_codes import FAILED_EXIT


def use_utf8() -> None:
    """Has names of files read, and text printed, as UTF-8.

    With a locale of another encoding, such as ISO 8859-1, Python would read
    names of class folders as other words, and these would become labels. That
    is settled when Python starts, so it is started anew.
    """
    if sys.getfilesystemencoding() != "utf-8" and os.environ.get("PYTHONUTF8") != "1":
        os.execve(sys.executable, sys.orig_argv, {**os.environ, "PYTHONUTF8": "1"})
    if isinstance(sys.stdout, io.TextIOWrapper) and codecs.lookup(sys.stdout.encoding).name != "utf-8":
        sys.stdout.reconfigure(encoding="utf-8", errors="backslashreplace")


def open_closed_streams() -> None:
    """Puts /dev/null where a standard stream is closed.

    Else a file that is opened later would get its number, and whatever the
    frameworks print. And those that whoever started this process set not to
    block would fail where they are not read quickly enough.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # Takes the lowest number that is free, which is this one.
            os.set_inheritable(number, True)
        if number > 0:  # What is read from is nobody's here.
            os.set_blocking(number, True)
    for name, number in (("stdout", 1), ("stderr", 2)):
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(os.dup(number), "w", encoding="utf-8", errors="backslashreplace"))


def flush_output() -> None:
    """Writes what is left of standard output.

    Raises:
        UnreachableError: it takes no more.
        SystemExit: nobody reads it any more, which is no more than an exit code of 1 to those who went away.
    """
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        sys.exit(FAILED_EXIT)
    except OSError as error:
        raise UnreachableError(f"Standard output cannot be written: {error.strerror}.") from error


def drop_output() -> None:
    """Lets go of what standard output does not take.

    Python would try once more at its end, with a warning of its own and 120.
    """
    try:
        sys.stdout.flush()
    except OSError:
        with contextlib.suppress(OSError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
