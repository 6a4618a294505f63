"""Are these still the images of the previous run? Pure Python."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, get_args

from pydantic.dataclasses import dataclass

from components.class_balance.data_profile import ComparedName, DataProfile
from components.class_balance.divergence import Shift, jensen_shannon, largest_change
from components.class_balance.first_few import first_few
from components.class_balance.settings import DriftSettings

# Each fits "the images have changed in …".
IN_WORDS: Final[dict[ComparedName, str]] = {
    "shorter_side": "size (shorter side)",
    "aspect_ratio": "aspect ratio",
    "kilobytes": "file size",
    "brightness": "brightness",
    "contrast": "contrast",
    "sharpness": "sharpness",
    "formats": "file format",
    "colour": "colour or grayscale",
}


@dataclass(frozen=True)
class LabelShift:
    """The class whose share of the images has changed most.

    Attributes:
        label: of the class.
        before, now: its share, from 0 to 1.
        shift: the change.
    """

    label: str
    before: float
    now: float
    shift: Shift


@dataclass(frozen=True)
class Changes:
    """What has changed since the previous run.

    Attributes:
        previous: URI of the previous run's artifact.
        images_before, images_now: images over all splits.
        new_classes: with images now, without before.
        gone_classes: with images before, without now.
        label_shift: L-infinity distance of the shares of the classes that
            both runs have; None with fewer than two such classes.
        label_divergence: Jensen-Shannon divergence of the same shares.
        image_divergences: statistic → Jensen-Shannon divergence.
        not_compared: statistics that one of the runs has not computed, or in other bins.
    """

    previous: str
    images_before: int
    images_now: int
    new_classes: tuple[str, ...]
    gone_classes: tuple[str, ...]
    label_shift: LabelShift | None
    label_divergence: Shift | None
    image_divergences: dict[ComparedName, Shift]
    not_compared: tuple[ComparedName, ...]


def compare(previous: str, before: DataProfile, now: DataProfile) -> Changes:
    """Measures what has changed.

    New and gone classes have policies of their own, so the shares are those
    among the classes that both runs have: a third class as big as the other
    two would otherwise count as a larger shift (0.19 of divergence) than the
    loss of nine tenths of one class of two (0.16).

    Args:
        previous: URI of the previous run's artifact.
        before: the previous run's images.
        now: this run's images.
    """
    earlier = {label for label, images in before.labels.items() if images}
    present = {label for label, images in now.labels.items() if images}
    shared = sorted(earlier & present)
    old = {label: before.labels[label] for label in shared}
    new = {label: now.labels[label] for label in shared}
    names: tuple[ComparedName, ...] = get_args(ComparedName)
    pairs = {name: (before.counts(name), now.counts(name)) for name in names}
    comparable = {name: pair for name, pair in pairs.items() if _comparable(name, *pair)}
    return Changes(
        previous=previous,
        images_before=before.images,
        images_now=now.images,
        new_classes=tuple(sorted(present - earlier)),
        gone_classes=tuple(sorted(earlier - present)),
        label_shift=_label_shift(old, new) if len(shared) > 1 else None,
        label_divergence=jensen_shannon(old, new) if len(shared) > 1 else None,
        image_divergences={name: jensen_shannon(*pair) for name, pair in comparable.items()},
        not_compared=tuple(name for name in names if name not in comparable),
    )


def drift_violations(changes: Changes, settings: DriftSettings) -> list[str]:
    """Sentences about what the settings do not allow, each with numbers, limit and setting."""
    violations = []
    if settings.new_classes == "fail":
        violations += first_few(
            [
                f"class '{label}' is new since the previous run, "
                "which balance.drift.new_classes=keep would allow"
                for label in changes.new_classes
            ],
            "classes are new",
        )
    if settings.gone_classes == "fail":
        violations += first_few(
            [
                f"class '{label}' of the previous run has no images any more, "
                "which balance.drift.gone_classes=keep would allow"
                for label in changes.gone_classes
            ],
            "classes are gone",
        )
    shift, limit = changes.label_shift, settings.max_label_shift
    if shift is not None and limit is not None and shift.shift.beyond_chance > limit:
        violations.append(
            f"class '{shift.label}' went from {shift.before:.1%} to {shift.now:.1%} of the images since "
            f"the previous run, a shift of {in_numbers(shift.shift)}, "
            f"and balance.drift.max_label_shift is {limit:g}"
        )
    divergence, limit = changes.label_divergence, settings.max_label_divergence
    if divergence is not None and limit is not None and divergence.beyond_chance > limit:
        violations.append(
            "the shares of the classes diverge from the previous run's "
            f"by {in_numbers(divergence)}, and balance.drift.max_label_divergence is {limit:g}"
        )
    limit = settings.max_image_divergence
    if limit is not None:
        violations += first_few(
            [
                f"the images have changed in {IN_WORDS[name]} since the previous run: they diverge by "
                f"{in_numbers(moved)}, and balance.drift.max_image_divergence is {limit:g}"
                for name, moved in largest_first(changes)
                if moved.beyond_chance > limit
            ],
            "statistics of the images diverge",
        )
    return violations


def largest_first(changes: Changes) -> list[tuple[ComparedName, Shift]]:
    """The statistics of the images with how far they have moved, the furthest first."""
    return sorted(changes.image_divergences.items(), key=lambda item: -item[1].beyond_chance)


def in_numbers(shift: Shift) -> str:
    """A distance with what chance may have done."""
    return f"{shift.distance:.3f} ({shift.chance:.3f} of it may be chance)"


def _comparable(name: ComparedName, before: Mapping[str, int], now: Mapping[str, int]) -> bool:
    # Another version of the program may have other bins; formats come and go.
    same_bins = name == "formats" or before.keys() == now.keys()
    return same_bins and sum(before.values()) > 0 and sum(now.values()) > 0


def _label_shift(before: dict[str, int], now: dict[str, int]) -> LabelShift:
    label, shift = largest_change(before, now)
    return LabelShift(label, before[label] / sum(before.values()), now[label] / sum(now.values()), shift)
