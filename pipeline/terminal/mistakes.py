"""A user's mistake as one sentence and an exit code."""

from __future__ import annotations

from pathlib import Path

from components.contract import DataError, UnreachableError, UserError
from pipeline.exit_codes import FAILED_EXIT, INVALID_DATA_EXIT, USAGE_EXIT

# What a command may raise for something that the user can mend.
MISTAKES = (UserError, OSError)


def explain(error: Exception) -> tuple[str, int]:
    """The sentence to show and the exit code.

    An OSError that nobody foresaw is a file or folder that cannot be used as
    the user asked: no permission, a name that is too long, a full disk.
    """
    sentence, exit_code = _explain(error)
    # A name in it may have bytes that are no UTF-8, which JSON cannot hold.
    return sentence.encode("utf-8", "backslashreplace").decode("utf-8"), exit_code


def _explain(error: Exception) -> tuple[str, int]:
    if isinstance(error, UnreachableError):
        return str(error), FAILED_EXIT
    if isinstance(error, OSError):
        if isinstance(error, FileNotFoundError) and not _current_folder_is_there():
            return "The current folder has been deleted: change into another, and try again.", USAGE_EXIT
        if error.filename is None:  # Nothing that the user named, such as a disk that is full by now.
            return f"A file or stream cannot be used: {error.strerror or error}.", FAILED_EXIT
        return f"{error.filename} cannot be used: {error.strerror or error}.", USAGE_EXIT
    return str(error), INVALID_DATA_EXIT if isinstance(error, DataError) else USAGE_EXIT


def _current_folder_is_there() -> bool:
    try:
        Path.cwd()
    except FileNotFoundError:
        return False
    return True
