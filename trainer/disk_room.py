"""Room on the disk for a file that is about to be mapped into memory."""

from __future__ import annotations

import os
from pathlib import Path


def take_room(path: Path) -> None:
    """Has the file system set aside all that a file of some length will need.

    A new file that is mapped takes room on the disk only as it is written to. Where there is none left then,
    the system ends the process with SIGBUS, without a word.

    Args:
        path: of the file, of which nothing but its beginning was written yet.

    Raises:
        OSError: the disk is full; names the file.
    """
    with path.open("r+b") as file:
        try:
            os.posix_fallocate(file.fileno(), 0, path.stat().st_size)
        except OSError as error:
            raise OSError(error.errno, os.strerror(error.errno or 0), str(path)) from error
