"""Folders of a few bytes a file, and what listing them comes to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from components.image_folder.files.list_images import list_images
from components.image_folder.files.listing import Listing
from components.image_folder.settings import DataSettings


def write_tree(root: Path, files: Mapping[str, str | bytes] | Iterable[str]) -> Path:
    """Writes files; given their names only, each holds its own name."""
    contents = files if isinstance(files, Mapping) else {name: name for name in files}
    for name, content in contents.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        data = content if isinstance(content, bytes) else content.encode("utf-8", "surrogateescape")
        path.write_bytes(data)
    return root


def listed(images: Path | str, **settings: Any) -> Listing:
    """The listing by these settings."""
    return list_images(DataSettings.model_validate({"images": str(images), **settings}))


def labelled(listing: Listing) -> dict[str, str]:
    """Path → label."""
    return {file.path: file.label for file in listing.files}


def splits(listing: Listing) -> dict[str, str | None]:
    """Path → given split."""
    return {file.path: file.split for file in listing.files}


def told(listing: Listing) -> dict[str, tuple[str, str]]:
    """File → kind of its finding, and what was done; at most one a file."""
    files = [finding.file for finding in listing.findings]
    assert len(files) == len(set(files))
    return {finding.file: (finding.kind, finding.action) for finding in listing.findings}


def reasons(listing: Listing) -> dict[str, str]:
    """File → reason of its finding."""
    return {finding.file: finding.reason for finding in listing.findings}
