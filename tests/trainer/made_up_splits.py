"""Splits whose pixels were never files."""

from __future__ import annotations

import hashlib

import numpy as np

from trainer.images.pixel_store import PixelStore
from trainer.images.split_images import SplitImages
from trainer.images.split_records import SplitRecords


class MadeUpSplit(SplitImages):
    """Pixels and labels, uint8 [N, size, size, 3] and int64 [N]."""

    def __init__(self, pixels: np.ndarray, labels: np.ndarray) -> None:
        keys = tuple(hashlib.sha256(image.tobytes()).hexdigest() for image in pixels)
        records = SplitRecords((), labels.astype(np.int64), keys)
        super().__init__(records, None, pixels.shape[1], None)  # type: ignore[arg-type]
        self._stores[self.size] = PixelStore(pixels, records.labels)
        self.array = pixels
