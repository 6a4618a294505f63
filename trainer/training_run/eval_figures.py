"""What a model comes to on the eval split."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Monitor = Literal["loss", "accuracy"]


@dataclass(frozen=True)
class EvalFigures:
    """Both figures of the same weights, in images of the same size.

    Attributes:
        accuracy: share of the images that are given their own label, from 0 to 1.
        loss: mean over the images; may be no number.
    """

    accuracy: float
    loss: float

    def monitored(self, monitor: Monitor) -> float:
        """The one that `training.monitor` names."""
        return self.loss if monitor == "loss" else self.accuracy
