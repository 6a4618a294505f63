"""The listing of a folder that peers without one of their own are given."""

from __future__ import annotations

import os
from pathlib import Path


def labelled_files(images: Path) -> list[tuple[str, int]]:
    """Paths of all files with the number of their class folder, sorted."""
    folders = sorted(entry.path for entry in os.scandir(images) if entry.is_dir())
    return [
        (path, label)
        for label, folder in enumerate(folders)
        for path in sorted(entry.path for entry in os.scandir(folder))
    ]
