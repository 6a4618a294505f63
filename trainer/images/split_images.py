"""The images of a split at whatever size they are asked for, decoded when that is for the first time."""

from __future__ import annotations

from pathlib import Path

from components.progress import report_progress
from trainer.images.pixel_store import PixelStore, decode_split
from trainer.images.split_records import SplitRecords
from trainer.transform_graph import TransformGraph


class SplitImages:
    """A split whose pixels are made on demand: a run whose features are known needs none."""

    def __init__(
        self, records: SplitRecords, transform: TransformGraph, size: int, scratch: Path | None
    ) -> None:
        """Decodes nothing yet.

        Args:
            records: of the split.
            transform: decodes and resizes.
            size: height and width that it resizes to, pixels.
            scratch: prefix of files to keep pixels in; None for memory.
        """
        self.records = records
        self.size = size
        self._transform = transform
        self._scratch = scratch
        self._stores: dict[int, PixelStore] = {}

    @property
    def count(self) -> int:
        """Images in the split."""
        return self.records.count

    def pixels(self, size: int) -> PixelStore:
        """The pixels at a size, made on the first call."""
        if size not in self._stores:
            file = None if self._scratch is None else self._scratch.with_name(f"{self._scratch.name}.{size}")
            if size == self.size:
                report_progress(f"decoding {self.count} images")
                self._stores[size] = decode_split(self.records, self._transform, size, file)
            else:
                self._stores[size] = self.pixels(self.size).resized(size, file)
        return self._stores[size]
