"""How well a model does where it answers only when it is sure enough.

A model that may abstain is told by two figures, its coverage and its accuracy
on what it covers (El-Yaniv and Wiener 2010,
https://www.jmlr.org/papers/v11/el-yaniv10a.html).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from pipeline.results.class_scores import Confusion

# Users of a model choose `serving.reject_below` among these, more of them where it begins to matter.
OFFERED_THRESHOLDS: Final = (0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99)


@dataclass(frozen=True)
class Coverage:
    """Answers of at least some probability, on the test split.

    Attributes:
        threshold: the least probability; a value for `serving.reject_below`.
        answered: images whose answers are that sure.
        right: of these, how many are answered with their own class.
    """

    threshold: float
    answered: int
    right: int

    @property
    def accuracy(self) -> float | None:
        """Share of what is answered that is right; None where nothing is."""
        return self.right / self.answered if self.answered else None


def coverage(threshold: float, confusion: Confusion) -> Coverage:
    """Counts answers.

    Args:
        threshold: the least probability.
        confusion: of the answers of at least this probability alone.
    """
    right = sum(images for (actual, answer), images in confusion.items() if actual == answer)
    return Coverage(threshold, sum(confusion.values()), right)
