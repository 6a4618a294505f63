"""What a folder holds: files with their labels, before anything is read."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from components.image_folder.findings import Finding

if TYPE_CHECKING:
    from components.image_folder.settings import LayoutName


class ImageFile(NamedTuple):
    """A file that claims to be an image, as the directory lists it.

    Attributes:
        path: relative to the listing's root, with "/"; bytes that are not UTF-8 as surrogate escapes.
            Absolute for what a manifest lists outside of the root.
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
        findings: what was passed over, or is odd about a name, sorted by file.
        open_splits: among which splits the content decides for files without one; empty when all have one.
    """

    root: str
    layout: LayoutName
    spans: tuple[int, ...]
    files: Sequence[ImageFile]
    labels: tuple[str, ...]
    findings: tuple[Finding, ...]
    open_splits: tuple[str, ...]


def fingerprint(listing: Listing) -> str:
    """A hash that changes when a file is added, removed, renamed, resized, written to or labelled anew.

    Unlike stock ExampleGen's (file count, bytes, modification seconds) it
    covers every file's own name, size and modification time in nanoseconds,
    besides its label and split, and which labels and splits there are to choose from.
    """
    digest = hashlib.sha256(repr((listing.labels, listing.open_splits)).encode())
    for file in listing.files:
        digest.update(repr(file).encode())  # in which bytes that are not UTF-8 are escaped
    return digest.hexdigest()
