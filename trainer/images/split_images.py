"""The images of a split at whatever size they are asked for, decoded when that is for the first time."""

from __future__ import annotations

from pathlib import Path

from components.progress import report_progress
from trainer.images.pixel_store import PixelStore, decode_split
from trainer.images.split_records import SplitRecords
from trainer.transform_graph import TransformGraph


class PixelMemory:
    """What decoded images may still take of the memory, those of all splits and sizes together."""

    def __init__(self, max_bytes: float) -> None:
        """Nothing is taken yet.

        Args:
            max_bytes: there are.
        """
        self._left = max_bytes

    def takes(self, count: int) -> bool:
        """Sets so many bytes aside, unless fewer are left."""
        fits = count <= self._left
        if fits:
            self._left -= count
        return fits


class SplitImages:
    """A split whose pixels are made on demand: a run whose features are known needs none."""

    def __init__(
        self,
        records: SplitRecords,
        transform: TransformGraph,
        size: int,
        scratch: Path | None,
        memory: PixelMemory | None = None,
    ) -> None:
        """Decodes nothing yet.

        Args:
            records: of the split.
            transform: decodes and resizes.
            size: height and width that it resizes to, pixels.
            scratch: prefix of files to keep pixels in; None for memory, however much that is.
            memory: where pixels are kept as far as it goes, instead of in those files.
        """
        self.records = records
        self.size = size
        self._transform = transform
        self._scratch = scratch
        self._memory = memory
        self._stores: dict[int, PixelStore] = {}

    @property
    def count(self) -> int:
        """Images in the split."""
        return self.records.count

    def pixels(self, size: int) -> PixelStore:
        """The pixels at a size, made on the first call."""
        if size not in self._stores:
            if size == self.size:
                report_progress(f"decoding {self.count} images")
                self._stores[size] = decode_split(self.records, self._transform, size, self._file(size))
            else:
                self._stores[size] = self.pixels(self.size).resized(size, self._file(size))
        return self._stores[size]

    def _file(self, size: int) -> Path | None:
        """Where pixels of a size go; None for memory."""
        fits = self._memory is not None and self._memory.takes(self.count * size * size * 3)
        if self._scratch is None or fits:
            return None
        return self._scratch.with_name(f"{self._scratch.name}.{size}")
