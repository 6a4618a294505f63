"""What a user can set about the serving check."""

from __future__ import annotations

from pydantic import Field

from components.settings import Settings


class ServingCheckSettings(Settings):
    """When an exported model is fit to be served."""

    max_difference: float = Field(
        1e-4,
        gt=0,
        description="Largest difference between a served probability and the one training computed.",
    )
    max_latency_ms: float | None = Field(
        None, gt=0, description="Longest median time for one image, in milliseconds; unset, it is only noted."
    )
