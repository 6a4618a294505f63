"""What both contestants do: the same data, network, schedules and augmentation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Phase:
    """A stretch of training with Adam and a cosine schedule.

    Attributes:
        epochs: passes over the train split.
        learning_rate: where the cosine begins.
        layers: how many of the backbone's last layers learn; 0 for the head alone.
        rotation: largest turn of training images, in degrees, which are then flipped as well; 0 for neither.
    """

    epochs: int
    learning_rate: float
    layers: int
    rotation: float


SIZE: Final = 224
BATCH: Final = 32
ALPHA: Final = 0.25
DROPOUT: Final = 0.2
FROZEN: Final = Phase(epochs=10, learning_rate=1e-2, layers=0, rotation=0)
FINE_TUNING: Final = Phase(epochs=5, learning_rate=1e-4, layers=20, rotation=10)
PIPELINE_EPOCHS: Final = 10
