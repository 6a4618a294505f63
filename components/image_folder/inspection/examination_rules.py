"""What holds for each file by itself: the part of the settings that workers need."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING, NamedTuple

from components.image_folder.inspection.odd_images import OddLimits
from components.image_folder.splits.split_assignment import UpperBounds, upper_bounds

if TYPE_CHECKING:
    from components.image_folder.settings import DataSettings


class ExaminationRules(NamedTuple):
    """Plain values: to load Pydantic would take a worker process as long as everything else it loads.

    Attributes:
        verify: whether images are decoded and measured.
        max_bytes, max_pixels: what is too large.
        odd: what is odd.
        kept: kinds of findings with which an image is used.
        split_bounds: what content decides between, where the layout gives no split.
    """

    verify: bool
    max_bytes: int
    max_pixels: int
    odd: OddLimits
    kept: frozenset[str]
    split_bounds: UpperBounds

    @staticmethod
    def of(settings: DataSettings, open_splits: Collection[str]) -> ExaminationRules:
        """From the settings, and the splits that the listing leaves open."""
        policies = settings.policies.model_dump()
        return ExaminationRules(
            settings.verify,
            settings.limits.max_bytes,
            settings.limits.max_pixels,
            OddLimits(**settings.odd.model_dump()),
            frozenset(kind for kind, policy in policies.items() if policy == "keep"),
            upper_bounds(settings.splits, open_splits),
        )

    def all_kept(self, findings: Iterable[tuple[str, str]]) -> bool:
        """Whether an image with these findings, pairs of kind and reason, is used."""
        return all(kind in self.kept for kind, _ in findings)
