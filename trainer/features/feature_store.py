"""Features that lie in several files, read in any order."""

from __future__ import annotations

import mmap
from collections.abc import Sequence

import numpy as np


class FeatureStore:
    """Rows of several arrays each, wherever they lie."""

    def __init__(
        self, parts: Sequence[Sequence[np.ndarray]], part_of: np.ndarray, row_of: np.ndarray
    ) -> None:
        """Reads nothing yet.

        Args:
            parts: for each part, its arrays [rows, …]: as many of the same dtypes and shapes in each.
            part_of, row_of: int [N], where each example's row is.
        """
        self._parts = parts
        self._part_of = part_of
        self._row_of = row_of

    @property
    def count(self) -> int:
        """Examples."""
        return len(self._row_of)

    @property
    def like(self) -> tuple[np.ndarray, ...]:
        """Arrays of no rows, of the dtypes and shapes that `read` returns."""
        return tuple(array[:0] for array in self._parts[0])

    def read(self, indices: np.ndarray) -> tuple[np.ndarray, ...]:
        """Copies rows out.

        Args:
            indices: int [n], in any order.

        Returns:
            Arrays [n, …].
        """
        rows = tuple(np.empty((len(indices), *array.shape[1:]), array.dtype) for array in self._parts[0])
        parts = self._part_of[indices]
        for part in np.unique(parts):
            here = parts == part
            for target, source in zip(rows, self._parts[part], strict=True):
                target[here] = source[self._row_of[indices[here]]]
                mapped = getattr(source, "_mmap", None)
                if mapped is not None:
                    mapped.madvise(mmap.MADV_DONTNEED)  # See PixelStore.read.
        return rows

    @classmethod
    def one_behind_the_other(cls, stores: Sequence[FeatureStore]) -> FeatureStore:
        """The examples of all stores, in order."""
        parts: list[Sequence[np.ndarray]] = []
        part_of = []
        for store in stores:
            part_of.append(store._part_of + len(parts))
            parts += store._parts
        return cls(parts, np.concatenate(part_of), np.concatenate([store._row_of for store in stores]))
