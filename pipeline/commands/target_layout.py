"""The layouts that `imgclf data convert` writes."""

from __future__ import annotations

from enum import Enum


class TargetLayout(str, Enum):
    """A layout by the name that it has on the command line."""

    CLASS_FOLDERS = "class-folders"
    SPLIT_FOLDERS = "split-folders"
    SIDECAR = "sidecar"
    CSV = "csv"
    JSONL = "jsonl"

    @property
    def has_manifest(self) -> bool:
        """Whether a table lists the images, so that it does not matter what they are called."""
        return self in (TargetLayout.CSV, TargetLayout.JSONL)

    @property
    def has_splits(self) -> bool:
        """Whether it can say which split an image belongs to."""
        return self not in (TargetLayout.CLASS_FOLDERS, TargetLayout.SIDECAR)
