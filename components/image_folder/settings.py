"""What a user can set about ingest."""

from __future__ import annotations

from pydantic import Field, model_validator

from components.contract import EVAL, TEST, TRAIN
from components.settings import Settings


class SplitFractions(Settings):
    """How many of the images go to which split; the three fractions add up to 1.

    An image keeps its split for as long as the fractions stay as they are.
    """

    train: float = Field(0.8, gt=0, lt=1, description="Fraction of the images to train on.")
    eval: float = Field(
        0.1, gt=0, lt=1, description="Fraction to watch while training: early stopping, best weights."
    )
    test: float = Field(
        0.1, gt=0, lt=1, description="Held-out fraction that decides whether the model is blessed."
    )

    @model_validator(mode="after")
    def _adds_up(self) -> SplitFractions:
        total = self.train + self.eval + self.test
        if abs(total - 1) > 1e-6:
            raise ValueError(f"train, eval and test add up to {total:g}; they have to add up to 1")
        return self

    def in_order(self) -> tuple[tuple[str, float], ...]:
        """The splits with their fractions, in the order that the split hash counts them off."""
        return ((TRAIN, self.train), (EVAL, self.eval), (TEST, self.test))


class DataSettings(Settings):
    """Which images are read, and how they are divided."""

    images: str | None = Field(
        None, description="The folder of class folders; `--images` on the command line comes before it."
    )
    splits: SplitFractions = Field(
        default_factory=SplitFractions,
        description="How the images are divided, by their content alone.",
    )
    max_set_aside: float = Field(
        0.05,
        ge=0,
        le=1,
        description="The run stops when more than this fraction of the files cannot be used as images.",
    )
