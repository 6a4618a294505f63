"""How far two samples of counts are apart, and how far chance alone would put them. Pure Python."""

from __future__ import annotations

import math
from collections.abc import Mapping
from statistics import NormalDist

from pydantic.dataclasses import dataclass

# In standard deviations: with 3, about one comparison in a hundred of like with like exceeds chance.
_SURE = 3.0


@dataclass(frozen=True)
class Shift:
    """How far a distribution has moved.

    Attributes:
        distance: from 0 to 1.
        chance: what random samples of these sizes from one distribution may
            well differ by.
    """

    distance: float
    chance: float

    @property
    def beyond_chance(self) -> float:
        """The distance less what chance explains, at least 0; what a limit holds for."""
        return max(0.0, self.distance - self.chance)


def jensen_shannon(before: Mapping[str, int], now: Mapping[str, int]) -> Shift:
    """Jensen-Shannon divergence in bits: 0 for equal shares, 1 for nothing in common.

    J. Lin 1991, "Divergence measures based on the Shannon entropy". Of two
    samples with n and m images from one distribution over K bins, it is about
    (1/n + 1/m) / (8 ln 2) times a chi-squared variable with K - 1 degrees of
    freedom (Grosse et al. 2002, "Analysis of symbolic sequences using the
    Jensen-Shannon divergence", for n = m; in general by the same second-order
    expansion), which has mean K - 1 and variance 2 (K - 1). Chance: that
    mean and three standard deviations.

    Args:
        before, now: bin → images; each has at least one image.
    """
    n, m = sum(before.values()), sum(now.values())
    occupied = [key for key in {**before, **now} if before.get(key, 0) or now.get(key, 0)]
    distance = 0.0
    for key in occupied:
        p, q = before.get(key, 0) / n, now.get(key, 0) / m
        middle = (p + q) / 2
        distance += sum(share * math.log2(share / middle) / 2 for share in (p, q) if share)
    freedom = len(occupied) - 1
    scale = (1 / n + 1 / m) / (8 * math.log(2))
    chance = scale * (freedom + _SURE * math.sqrt(2 * freedom))
    # Rounding may leave a hair outside of the interval.
    return Shift(min(1.0, max(0.0, distance)), min(1.0, chance))


def largest_change(before: Mapping[str, int], now: Mapping[str, int]) -> tuple[str, Shift]:
    """The bin whose share has changed most, and by how much: the L-infinity distance.

    Chance: three standard deviations of the difference of two proportions
    around their common one; more where there are more than two bins, by
    Bonferroni's correction, since the largest of many changes is looked at.

    Args:
        before, now: bin → images; each has at least one image.
    """
    n, m = sum(before.values()), sum(now.values())
    keys = {**before, **now}

    def change(key: str) -> float:
        return abs(before.get(key, 0) / n - now.get(key, 0) / m)

    most = max(keys, key=change)
    common = (before.get(most, 0) + now.get(most, 0)) / (n + m)
    normal = NormalDist()
    # Of two bins, one gains what the other loses: that is one change.
    sure = -normal.inv_cdf(normal.cdf(-_SURE) / max(1, len(keys) - 1))
    chance = sure * math.sqrt(common * (1 - common) * (1 / n + 1 / m))
    return most, Shift(change(most), min(1.0, chance))
