"""Is this class balance acceptable? Pure Python."""

from __future__ import annotations

from collections.abc import Mapping

from components.class_balance.first_few import first_few
from components.class_balance.settings import BalanceSettings
from components.contract import TEST, TRAIN


def imbalance_of(train: Mapping[str, int]) -> float | None:
    """Images of the biggest class over those of the smallest; None when a class has none."""
    smallest = min(train.values())
    return max(train.values()) / smallest if smallest else None


def balance_violations(counts: Mapping[str, Mapping[str, int]], settings: BalanceSettings) -> list[str]:
    """Sentences about what the limits do not allow, each with class, number, limit and setting.

    Args:
        counts: split → label → images; every split names every label.
        settings: the limits.
    """
    train = counts[TRAIN]
    totals = {label: sum(by_label[label] for by_label in counts.values()) for label in train}
    too_small = {label for label, total in totals.items() if total < settings.min_images_per_class}
    violations = first_few(
        [
            f"class '{label}' has {totals[label]} images, "
            f"and balance.min_images_per_class asks for {settings.min_images_per_class}"
            for label in sorted(too_small, key=lambda label: (totals[label], label))
        ],
        "classes are too small",
    )
    for split in (TRAIN, TEST):
        violations += first_few(
            [
                f"class '{label}' has no image in the {split} split, and {totals[label]} in all: "
                f"add some to it, or raise data.splits.{split}, which counts where the split is not given"
                for label, images in counts[split].items()
                if images == 0 and label not in too_small
            ],
            f"classes are missing from the {split} split",
        )
    imbalance = imbalance_of(train)
    if imbalance is not None and imbalance > settings.max_imbalance:
        biggest, smallest = (
            max(train, key=lambda label: train[label]),
            min(train, key=lambda label: train[label]),
        )
        violations.append(
            f"class '{biggest}' has {imbalance:.1f} times the training images of class '{smallest}' "
            f"({train[biggest]} to {train[smallest]}), and balance.max_imbalance allows "
            f"{settings.max_imbalance:g}"
        )
    return violations
