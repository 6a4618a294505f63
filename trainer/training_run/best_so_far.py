"""The best the model has been in any phase yet."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

Monitor = Literal["loss", "accuracy"]


@dataclass(frozen=True)
class BestSoFar:
    """What a phase has to beat, or else it leaves no trace.

    Attributes:
        monitor: which figure of the eval split decides.
        value: of that figure; None before the first phase.
        weights: of the whole model at that time.
    """

    monitor: Monitor
    value: float | None
    weights: Sequence[np.ndarray]

    def is_beaten_by(self, value: float) -> bool:
        """Whether another value is better; a value that is no number never is."""
        if self.value is None:
            return not math.isnan(value)
        return value < self.value if self.monitor == "loss" else value > self.value
