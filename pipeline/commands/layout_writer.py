"""Writing images in one of the layouts that ingest reads."""

from __future__ import annotations

import csv
import hashlib
import json
from collections import Counter
from pathlib import Path
from typing import Final, NamedTuple

from components.contract import SPLITS, TRAIN, DataError
from components.image_folder.files.file_names import is_hidden
from components.image_folder.files.listing import ImageFile, Listing
from components.image_folder.findings import is_printable
from components.image_folder.settings import SplitFractions
from components.image_folder.splits.split_assignment import assign_split
from pipeline.commands.target_layout import TargetLayout

# Longest file name, in bytes, on the usual file systems; and what is left for a number and an extension.
_NAME_BYTES: Final = 255
_STEM_BYTES: Final = 200
_IMAGES: Final = "images"


class _Row(NamedTuple):
    path: str
    label: str
    split: str


class LayoutWriter:
    """Writes images under names of their own, and at the end the file that tells their labels.

    Attributes:
        written: images so far.
        assigned: split → images that it was given by content.
    """

    def __init__(
        self, folder: Path, target: TargetLayout, listing: Listing, fractions: SplitFractions
    ) -> None:
        """Writes nothing yet.

        Args:
            folder: where to write to.
            target: the layout.
            listing: of all images.
            fractions: for images without a split, where the layout needs one.

        Raises:
            DataError: a label that the layout cannot hold.
        """
        self.assigned: Counter[str] = Counter()
        self._folder = folder
        self._target = target
        self._listing = listing
        self._fractions = fractions
        self._ids = {label: position for position, label in enumerate(listing.labels)}
        self._rows: list[_Row] = []
        self._taken: set[str] = set()
        self._copies: Counter[str] = Counter()
        for label in listing.labels:
            _require_fitting(label, target)

    @property
    def written(self) -> int:
        """How many images."""
        return len(self._rows)

    def add(self, file: ImageFile, data: bytes) -> None:
        """Writes one image."""
        split = self._split_of(file, data)
        within = {
            TargetLayout.CLASS_FOLDERS: f"{file.label}/",
            TargetLayout.SPLIT_FOLDERS: f"{split}/{file.label}/",
            TargetLayout.SIDECAR: "",
        }.get(self._target, f"{_IMAGES}/")
        path = self._free_path(within, file.path.rpartition("/")[2])
        (self._folder / within).mkdir(parents=True, exist_ok=True)
        (self._folder / path).write_bytes(data)
        if self._target is TargetLayout.SIDECAR:
            text = (self._folder / path).with_suffix(".txt")
            text.write_text(f"{path}, {self._ids[file.label]}\n", "utf-8")
        self._rows.append(_Row(path, file.label, split))

    def finish(self) -> None:
        """Writes the manifest or the label names, where the layout has such a file."""
        columns = _Row._fields if gives_splits(self._listing) else _Row._fields[:2]
        if self._target is TargetLayout.SIDECAR:
            names = {str(position): label for label, position in self._ids.items()}
            text = json.dumps(names, ensure_ascii=False, indent=1)
            (self._folder / "label.json").write_text(text + "\n", "utf-8")
        elif self._target is TargetLayout.CSV:
            with (self._folder / "manifest.csv").open("w", encoding="utf-8", newline="") as file:
                table = csv.writer(file, lineterminator="\n")
                table.writerow(columns)
                table.writerows(row[: len(columns)] for row in self._rows)
        elif self._target is TargetLayout.JSONL:
            with (self._folder / "manifest.jsonl").open("w", encoding="utf-8") as file:
                for row in self._rows:
                    values = dict(zip(columns, row, strict=False))
                    file.write(json.dumps(values, ensure_ascii=False) + "\n")

    def _split_of(self, file: ImageFile, data: bytes) -> str:
        if file.split is not None:
            return file.split
        if self._listing.open_splits != SPLITS:
            return TRAIN  # Whoever reads it takes the missing splits out of train again.
        if self._target is not TargetLayout.SPLIT_FOLDERS:
            return ""
        split = assign_split(hashlib.sha256(data).hexdigest(), self._fractions)
        self.assigned[split] += 1
        return split

    def _free_path(self, within: str, name: str) -> str:
        """A path that no image has yet; upper and lower case count as the same.

        With sidecars neither may another one have it that differs in the extension only.
        """
        clean = "".join(char if is_printable(char) and char not in "/\\" else "_" for char in name)
        clean = clean.strip()
        # Not `os.path.splitext`, to which ".jpg" has no extension: to whoever reads the layout it has one.
        end = clean.rfind(".") if "." in clean else len(clean)
        stem, extension = clean[:end], clean[end:]
        # No longer than a file system takes, nor such that it would be passed over or misread.
        stem = stem.encode()[:_STEM_BYTES].decode("utf-8", "ignore").lstrip(".").strip() or "image"
        first = path = f"{within}{stem}"
        distinct = "" if self._target is TargetLayout.SIDECAR else extension
        while (path + distinct).casefold() in self._taken:
            self._copies[first + distinct] += 1
            path = f"{first}-{self._copies[first + distinct] + 1}"
        self._taken.add((path + distinct).casefold())
        return path + extension


def gives_splits(listing: Listing) -> bool:
    """Whether any image has a split that is not a matter of its content."""
    return any(file.split is not None for file in listing.files)


def _require_fitting(label: str, target: TargetLayout) -> None:
    if target in (TargetLayout.CLASS_FOLDERS, TargetLayout.SPLIT_FOLDERS):
        if "/" in label or is_hidden(label) or len(label.encode()) > _NAME_BYTES:
            raise DataError(
                f"The label '{label}' cannot be the name of a class folder. Use --to csv or jsonl."
            )
    elif label != label.strip():
        raise DataError(
            f"The label '{label}' begins or ends with a space, which --to {target.value} would lose."
        )
