"""The best the model has been in any phase yet."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from trainer.training_run.eval_figures import EvalFigures, Monitor


@dataclass(frozen=True)
class BestSoFar:
    """What a phase has to beat, or else it leaves no trace.

    Attributes:
        monitor: which figure of the eval split decides.
        figures: of the eval split; None before any phase has come to something.
        weights: of the whole model at that time.
    """

    monitor: Monitor
    figures: EvalFigures | None
    weights: Sequence[np.ndarray]

    def is_beaten_by(self, figures: EvalFigures | None) -> bool:
        """Whether others are better; none are not, nor are those whose monitored figure is no number."""
        if figures is None:
            return False
        value = figures.monitored(self.monitor)
        if self.figures is None:
            return not math.isnan(value)
        best = self.figures.monitored(self.monitor)
        return value < best if self.monitor == "loss" else value > best
