"""Which split an image belongs to, from its content alone."""

from __future__ import annotations

from collections.abc import Collection
from itertools import accumulate
from typing import TYPE_CHECKING, Final

from components.contract import SPLITS

if TYPE_CHECKING:
    from components.image_folder.settings import SplitFractions

# How much of a digest, from its beginning, decides the split.
DECIDING_BYTES: Final = 8

UpperBounds = tuple[tuple[str, float], ...]


def assign_split(sha256: str, fractions: SplitFractions, splits: Collection[str] = SPLITS) -> str:
    """The split of the image whose bytes have this SHA-256.

    The digest's first eight bytes, read as a fraction of 2^64, are counted
    off against the cumulated fractions. So an image keeps its split through
    renames, additions and re-runs, and identical bytes never straddle two.

    Args:
        sha256: hexadecimal digest of the file's bytes.
        fractions: how many of the images go where.
        splits: those that there are to choose from; their fractions are scaled to add up to 1.
    """
    return split_within(sha256, upper_bounds(fractions, splits))


def upper_bounds(fractions: SplitFractions, splits: Collection[str] = SPLITS) -> UpperBounds:
    """Each split to choose from, with the sum of all fractions up to its own."""
    chosen = [(split, fraction) for split, fraction in fractions.in_order() if split in splits]
    sums = accumulate(fraction for _, fraction in chosen)
    return tuple((split, upper) for (split, _), upper in zip(chosen, sums, strict=True))


def split_within(sha256: str, bounds: UpperBounds) -> str:
    """What `assign_split` says, for whoever asks it of many images."""
    position = int(sha256[: 2 * DECIDING_BYTES], 16) / 2 ** (8 * DECIDING_BYTES) * bounds[-1][1]
    for split, upper in bounds:
        if position < upper:
            return split
    return bounds[-1][0]  # The largest digests are rounded up to the bound itself.
