"""The balance report in a few lines for the console. Pure Python."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from components.class_balance.balance_report import BalanceReport
from components.class_balance.drift_rule import IN_WORDS, Changes, in_numbers, largest_first
from components.class_balance.first_few import SHOWN
from components.contract import EVAL, TRAIN

# Beyond this, a class weight changes what is learned enough to be worth a try.
_WORTH_WEIGHING: Final = 3.0


def lines(report: BalanceReport) -> list[str]:
    """Short sentences: what has changed since the previous run, and what would help; often none."""
    changed = _changed(report.changes) if report.changes else []
    train = report.counts[TRAIN]
    if report.imbalance is not None and report.imbalance > _WORTH_WEIGHING:
        biggest, smallest = (
            max(train, key=lambda label: train[label]),
            min(train, key=lambda label: train[label]),
        )
        changed.append(
            f"class '{biggest}' has {report.imbalance:.1f} times the training images of class '{smallest}': "
            "training.class_weights can help"
        )
    return [*changed, *_missing_from_eval(report)]


def _missing_from_eval(report: BalanceReport) -> list[str]:
    """Of a split that nothing is judged by in the end, too little to refuse the images for."""
    counts = report.counts[EVAL]
    missing = [label for label, images in report.counts[TRAIN].items() if images and not counts[label]]
    if not missing or not any(counts.values()):
        return []
    return [
        f"the eval split has no image of {_named(missing)}: add some, or raise data.splits.eval, "
        "which counts where the split is not given"
    ]


def _changed(changes: Changes) -> list[str]:
    said = []
    if changes.images_now != changes.images_before:
        said.append(f"{changes.images_now} images; the previous run had {changes.images_before}")
    if changes.new_classes:
        said.append(f"new classes: {_named(changes.new_classes)}")
    if changes.gone_classes:
        said.append(f"gone classes: {_named(changes.gone_classes)}")
    shift = changes.label_shift
    if shift is not None and shift.shift.beyond_chance > 0:
        said.append(
            f"class '{shift.label}' went from {shift.before:.1%} to {shift.now:.1%} of the images "
            "of the classes that were there before"
        )
    largest = largest_first(changes)[:1]
    said += [
        f"the images have changed most in {IN_WORDS[name]}: they diverge by {in_numbers(moved)}"
        for name, moved in largest
        if moved.beyond_chance > 0
    ]
    return said


def _named(labels: Sequence[str]) -> str:
    named = ", ".join(f"'{label}'" for label in labels[:SHOWN])
    return f"{named} and {len(labels) - SHOWN} more" if len(labels) > SHOWN else named
