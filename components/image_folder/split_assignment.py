"""Which split an image belongs to, from its content alone."""

from __future__ import annotations

from collections.abc import Collection

from components.contract import SPLITS
from components.image_folder.settings import SplitFractions


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
    ordered = [(split, fraction) for split, fraction in fractions.in_order() if split in splits]
    position = int(sha256[:16], 16) / 2**64 * sum(fraction for _, fraction in ordered)
    upper = 0.0
    for split, fraction in ordered:
        upper += fraction
        if position < upper:
            return split
    return ordered[-1][0]  # The fractions' sum may fall short by a rounding error.
