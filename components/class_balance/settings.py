"""What a user can set about class balance and drift."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from components.settings import Settings


class DriftSettings(Settings):
    """When images are too unlike those of the previous run: the last one whose data was accepted.

    The limits hold for what goes beyond chance: for what is left after taking off as much as random
    samples of these sizes would differ by.
    """

    new_classes: Literal["keep", "fail"] = Field(
        "keep", description="What happens when there is a class that the previous run did not have."
    )
    gone_classes: Literal["keep", "fail"] = Field(
        "fail", description="What happens when a class of the previous run has no images any more."
    )
    max_label_shift: float | None = Field(
        0.3,
        ge=0,
        le=1,
        description="By how much the share of a class may change since the previous run (L-infinity "
        "distance), among the classes of both; `null` to only report it.",
    )
    max_label_divergence: float | None = Field(
        0.1,
        ge=0,
        le=1,
        description="Largest Jensen-Shannon divergence, from 0 to 1, between the shares of the classes and "
        "those of the previous run; `null` to only report it.",
    )
    max_image_divergence: float | None = Field(
        0.25,
        ge=0,
        le=1,
        description="Largest Jensen-Shannon divergence, from 0 to 1, between the previous run's images and "
        "these, for each statistic: size, aspect ratio, kilobytes, format, colour, and, where both runs had "
        "`data.verify`, brightness, contrast and sharpness; `null` to only report it.",
    )


class BalanceSettings(Settings):
    """When the classes are too small, too unequal, or too unlike the previous run's to train on."""

    min_images_per_class: int = Field(
        10, ge=1, description="Fewest images a class may have, over all splits."
    )
    max_imbalance: float = Field(
        20.0, ge=1, description="Largest ratio of the biggest to the smallest class in the train split."
    )
    drift: DriftSettings = Field(
        default_factory=DriftSettings, description="When images are too unlike the previous run's."
    )
