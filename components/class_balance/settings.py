"""What a user can set about class balance."""

from __future__ import annotations

from pydantic import Field

from components.settings import Settings


class BalanceSettings(Settings):
    """When the classes are too small or too unequal to train on."""

    min_images_per_class: int = Field(
        10, ge=1, description="Fewest images a class may have, over all splits."
    )
    max_imbalance: float = Field(
        20.0, ge=1, description="Largest ratio of the biggest to the smallest class in the train split."
    )
