"""Which perceptual hashes lie close to one another, without comparing each with each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

_BITS: Final = 256
_ONES: Final = np.array([value.bit_count() for value in range(256)], np.uint8)
_KEY_BITS: Final = 62
# An image is compared with this many others that have the same band of bits; beyond that the band
# says nothing, and another one finds the pair.
_MAX_BUCKET: Final = 2048
_PAIRS_AT_ONCE: Final = 2**20


def near_pairs(hashes: Sequence[bytes], max_distance: int) -> Iterator[tuple[int, int, int]]:
    """Pairs of positions whose hashes differ in few bits, each pair once.

    Of hashes that are equal, each is paired with the first of them only, and
    only the first with others: the pairs still connect all that belong together.

    Two hashes that differ in at most d bits agree in at least one of any d + 1
    bands of bits (Manku, Jain and Das Sarma 2007), so only images with an
    equal band are compared. The bands take bits from all over the hash, since
    neighbouring frequencies go together.

    Args:
        hashes: 32 bytes each.
        max_distance: largest number of differing bits, below 256.

    Yields:
        Smaller position, larger position, distance; in no particular order.
    """
    table = np.frombuffer(b"".join(hashes), np.uint8).reshape(len(hashes), _BITS // 8)
    unique, first, inverse = np.unique(table, axis=0, return_index=True, return_inverse=True)
    first_of = first[inverse.ravel()]
    for position in np.flatnonzero(first_of != np.arange(len(hashes))):
        yield int(first_of[position]), int(position), 0
    seen: set[tuple[int, int]] = set()
    for left, right in _candidates(unique, max_distance + 1):
        distances = _ONES[unique[left] ^ unique[right]].sum(1, dtype=np.int64)
        close = distances <= max_distance
        for one, other, distance in zip(
            first[left[close]], first[right[close]], distances[close], strict=True
        ):
            pair = (min(int(one), int(other)), max(int(one), int(other)))
            if pair not in seen:
                seen.add(pair)
                yield *pair, int(distance)


def _candidates(
    hashes: npt.NDArray[np.uint8], bands: int
) -> Iterator[tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]]:
    """Rows that agree in a band, as two arrays of positions."""
    bits = np.random.default_rng(0).permutation(_BITS)
    for band in np.array_split(bits, bands):
        columns = hashes[:, band // 8] >> (7 - band % 8).astype(np.uint8) & 1
        keys = columns[:, :_KEY_BITS].astype(np.int64) @ (1 << np.arange(min(len(band), _KEY_BITS)))
        order = np.argsort(keys, kind="stable")
        keys = keys[order]
        # Rows with equal keys are neighbours now: compare each with the next, then with the one after it.
        rows = np.arange(len(keys))
        for step in range(1, _MAX_BUCKET):
            rows = rows[rows + step < len(keys)]
            rows = rows[keys[rows] == keys[rows + step]]
            if not len(rows):
                break
            for start in range(0, len(rows), _PAIRS_AT_ONCE):
                some = rows[start : start + _PAIRS_AT_ONCE]
                yield order[some], order[some + step]
