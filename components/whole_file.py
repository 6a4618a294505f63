"""Writing a file in one step: whoever reads it finds what was there before, or all that is there now."""

from __future__ import annotations

import os
import uuid
from pathlib import Path


def write_whole(path: Path, data: bytes) -> None:
    """Creates or replaces a small file, whole or not at all.

    Args:
        path: of the file; its folder is there.
        data: what is to be in it.

    Raises:
        OSError: it cannot be written; what was there before is as it was, and nothing lies beside it.
    """
    # Of its own, as two processes may be writing the same file.
    partial = path.with_name(f"{path.name}.{uuid.uuid4().hex}.partial")
    try:
        with partial.open("wb") as file:
            file.write(data)
            file.flush()
            # Else a power cut could leave the new name with nothing in it.
            os.fsync(file.fileno())
        partial.replace(path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
