"""What a folder holds: files with their labels, before anything is read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from components.image_folder.findings import Finding
from components.image_folder.settings import LayoutName


@dataclass(frozen=True, slots=True)
class ImageFile:
    """A file that claims to be an image, as the directory lists it.

    Attributes:
        path: relative to the listing's root, with "/"; bytes that are not UTF-8 as surrogate escapes.
        label: label name.
        size: bytes.
        modified: nanoseconds since the epoch.
        split: the split that the layout gives it; None when its content decides.
    """

    path: str
    label: str
    size: int
    modified: int
    split: str | None = None


@dataclass(frozen=True)
class Listing:
    """All images of a folder.

    Attributes:
        root: folder or URI that the paths are relative to.
        layout: as detected or asked for.
        spans: numbers of the spans used, oldest first; empty without `{SPAN}`.
        files: sorted by path.
        labels: label names that occur, in the order in which new ids are given out.
        findings: what was passed over, sorted by file.
    """

    root: str
    layout: LayoutName
    spans: tuple[int, ...]
    files: Sequence[ImageFile]
    labels: tuple[str, ...]
    findings: tuple[Finding, ...]
