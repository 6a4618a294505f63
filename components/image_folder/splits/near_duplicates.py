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

# One position, or several.
_Positions = int | npt.NDArray[np.intp]


def near_pairs(hashes: Sequence[bytes], max_distance: int, max_group: int) -> Iterator[tuple[int, int, int]]:
    """Pairs of positions whose hashes differ in few bits, each pair once.

    Of hashes that are equal, each is paired with the first of them only, and
    only the first with others; and where more than `max_group` hang together,
    not all pairs are given, because a thousand pictures that are all alike
    make half a million. The pairs still connect all that belong together.

    Two hashes that differ in at most d bits agree in at least one of any d + 1
    bands of bits (Manku, Jain and Das Sarma 2007), so only images with an
    equal band are compared. The bands take bits from all over the hash, since
    neighbouring frequencies go together.

    Args:
        hashes: 32 bytes each.
        max_distance: largest number of differing bits, below 256.
        max_group: how many may hang together for all of their pairs to be given.

    Yields:
        Smaller position, larger position, distance; in no particular order.
    """
    table = np.frombuffer(b"".join(hashes), np.uint8).reshape(len(hashes), _BITS // 8)
    unique, first, inverse, counts = np.unique(
        table, axis=0, return_index=True, return_inverse=True, return_counts=True
    )
    first_of = first[inverse.ravel()]
    for position in np.flatnonzero(first_of != np.arange(len(hashes))):
        yield int(first_of[position]), int(position), 0
    groups = _Groups(counts, max_group)
    seen: set[tuple[int, int]] = set()
    for left, right in _candidates(unique, max_distance + 1):
        some = groups.undecided(left, right)
        left, right = left[some], right[some]
        distances = _ONES[unique[left] ^ unique[right]].sum(1, dtype=np.int64)
        close = distances <= max_distance
        for one, other, distance in zip(
            left[close].tolist(), right[close].tolist(), distances[close].tolist(), strict=True
        ):
            pair = (min(one, other), max(one, other))
            if pair not in seen and groups.undecided(one, other):
                seen.add(pair)
                groups.join(one, other)
                smaller, larger = sorted((int(first[one]), int(first[other])))
                yield smaller, larger, distance


class _Groups:
    """Which of the different hashes hang together so far."""

    def __init__(self, counts: npt.NDArray[np.intp], max_group: int) -> None:
        """Each by itself.

        Args:
            counts: how many images have the hash.
            max_group: see `near_pairs`.
        """
        self._max_group = max_group
        self._group = np.arange(len(counts))
        self._images = counts.copy()  # by group
        self._members: dict[int, list[int]] = {}  # by group, where there are several

    def undecided(self, one: _Positions, other: _Positions) -> npt.NDArray[np.bool_]:
        """Of which pairs it still matters whether they are near, element by element."""
        group = self._group[one]
        apart: npt.NDArray[np.bool_] = group != self._group[other]
        return apart | (self._images[group] <= self._max_group)

    def join(self, one: int, other: int) -> None:
        """Has two hashes hang together, and all that hang together with either."""
        into, gone = int(self._group[one]), int(self._group[other])
        if into == gone:
            return
        members, moving = self._members.pop(into, [into]), self._members.pop(gone, [gone])
        if len(members) < len(moving):
            into, gone, members, moving = gone, into, moving, members
        self._group[moving] = into
        self._images[into] += self._images[gone]
        members += moving
        self._members[into] = members


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
