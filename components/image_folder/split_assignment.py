"""Which split an image belongs to, from its content alone."""

from __future__ import annotations

from components.image_folder.settings import SplitFractions


def assign_split(sha256: str, fractions: SplitFractions) -> str:
    """The split of the image whose bytes have this SHA-256.

    The digest's first eight bytes, read as a fraction of 2^64, are counted
    off against the cumulated fractions. So an image keeps its split through
    renames, additions and re-runs, and identical bytes never straddle two.

    Args:
        sha256: hexadecimal digest of the file's bytes.
        fractions: how many of the images go where.
    """
    position = int(sha256[:16], 16) / 2**64
    upper = 0.0
    ordered = fractions.in_order()
    for split, fraction in ordered:
        upper += fraction
        if position < upper:
            return split
    return ordered[-1][0]  # The fractions' sum may fall short of 1 by a rounding error.
