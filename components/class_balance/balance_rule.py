"""Is this class balance acceptable?"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from pydantic import TypeAdapter
from pydantic.dataclasses import dataclass

from components.class_balance.settings import BalanceSettings
from components.contract import TEST, TRAIN


@dataclass(frozen=True)
class BalanceReport:
    """Counts and what is wrong with them.

    Attributes:
        counts: split → label → images.
        imbalance: images of the biggest class over those of the smallest, in the train split.
        violations: sentences, each with the class, the number and the limit; empty when all is well.
    """

    counts: dict[str, dict[str, int]]
    imbalance: float
    violations: tuple[str, ...]

    def write(self, path: Path) -> None:
        """Writes the report as JSON."""
        path.write_bytes(TypeAdapter(BalanceReport).dump_json(self, indent=1))


def judge_balance(counts: Mapping[str, Mapping[str, int]], settings: BalanceSettings) -> BalanceReport:
    """Holds the counts against the limits.

    Args:
        counts: split → label → images; every split names every label.
        settings: the limits.
    """
    train = counts[TRAIN]
    totals = {label: sum(by_label[label] for by_label in counts.values()) for label in train}
    biggest, smallest = max(train, key=lambda label: train[label]), min(train, key=lambda label: train[label])
    imbalance = train[biggest] / train[smallest] if train[smallest] else float("inf")
    violations = [
        f"class '{label}' has {total} images; "
        f"balance.min_images_per_class asks for {settings.min_images_per_class}"
        for label, total in totals.items()
        if total < settings.min_images_per_class
    ]
    too_small = {label for label, total in totals.items() if total < settings.min_images_per_class}
    violations += [
        f"none of the {totals[label]} images of class '{label}' fell into the {split} split; "
        f"add images to it, or raise data.splits.{split}"
        for split in (TRAIN, TEST)
        for label, images in counts[split].items()
        if images == 0 and label not in too_small
    ]
    if imbalance > settings.max_imbalance and train[smallest]:
        violations.append(
            f"class '{biggest}' has {imbalance:.1f} times the training images of class '{smallest}' "
            f"({train[biggest]} to {train[smallest]}); "
            f"balance.max_imbalance allows {settings.max_imbalance:g}"
        )
    return BalanceReport(
        {split: dict(by_label) for split, by_label in counts.items()}, imbalance, tuple(violations)
    )
