from __future__ import annotations

from typing import Any

import pytest

from components.class_balance.data_profile import profile_of
from components.class_balance.drift_rule import Changes, compare, drift_violations, largest_first
from components.class_balance.settings import DriftSettings
from components.image_folder.findings import Finding
from tests.components.class_balance.data_reports import data_report

EVERYTHING = {"max_label_shift": None, "max_label_divergence": None, "max_image_divergence": None}
STRICT = DriftSettings(
    new_classes="fail",
    gone_classes="fail",
    max_label_shift=0,
    max_label_divergence=0,
    max_image_divergence=0,
)
LENIENT = DriftSettings(
    new_classes="keep",
    gone_classes="keep",
    max_label_shift=None,
    max_label_divergence=None,
    max_image_divergence=None,
)


def _changes(before: dict[str, Any], now: dict[str, Any]) -> Changes:
    return compare("before", profile_of(data_report(**before)), profile_of(data_report(**now)))


def _two(cat: int, dog: int, **more: Any) -> dict[str, Any]:
    return {"train": {"cat": cat - 10, "dog": dog - 10}, **more}


def test_nothing_has_changed() -> None:
    same = _two(500, 500, brightness=(100, 200, 300, 400))
    changes = _changes(same, same)
    assert (changes.previous, changes.images_before, changes.images_now) == ("before", 1000, 1000)
    assert changes.new_classes == changes.gone_classes == ()
    assert {name: shift.distance for name, shift in changes.image_divergences.items()} == {
        "brightness": 0.0,
        "formats": 0.0,
        "colour": 0.0,
    }
    assert drift_violations(changes, STRICT) == []


def test_new_and_gone_classes_are_left_to_their_policies() -> None:
    changes = _changes(
        {"train": {"cat": 90, "dog": 90, "emu": 90, "gnu": 0}, "rest": 0},
        {"train": {"ape": 400, "cat": 90, "dog": 90, "emu": 0, "gnu": 90}, "rest": 0},
    )
    assert changes.new_classes == ("ape", "gnu")
    assert changes.gone_classes == ("emu",)
    assert changes.label_shift is not None
    assert changes.label_shift.shift.distance == 0
    assert changes.label_divergence is not None
    assert changes.label_divergence.distance == 0
    assert drift_violations(changes, STRICT) == [
        "class 'ape' is new since the previous run, which balance.drift.new_classes=keep would allow",
        "class 'gnu' is new since the previous run, which balance.drift.new_classes=keep would allow",
        "class 'emu' of the previous run has no images any more, "
        "which balance.drift.gone_classes=keep would allow",
    ]
    assert drift_violations(changes, LENIENT) == []
    assert len(drift_violations(changes, DriftSettings())) == 1


def test_many_gone_classes_are_counted() -> None:
    changes = _changes(
        {"train": dict.fromkeys("abcdefg", 90)}, {"train": {"a": 90, **dict.fromkeys("uvxyz", 90)}}
    )
    assert changes.label_shift is changes.label_divergence is None  # One class is always 100 %.
    assert (changes.new_classes, changes.gone_classes) == (tuple("uvxyz"), tuple("bcdefg"))
    violations = drift_violations(changes, STRICT)
    assert len(violations) == 8
    assert violations[3] == "and so on: 5 classes are new"
    assert violations[7] == "and so on: 6 classes are gone"


@pytest.mark.parametrize(
    ("limits", "violations"),
    [
        ({"max_label_shift": 0.36}, []),
        (
            {"max_label_shift": 0.35},
            [
                "class 'cat' went from 50.0% to 90.0% of the images since the previous run, a shift of "
                "0.400 (0.049 of it may be chance), and balance.drift.max_label_shift is 0.35"
            ],
        ),
        ({"max_label_divergence": 0.15}, []),
        (
            {"max_label_divergence": 0.13},
            [
                "the shares of the classes diverge from the previous run's by 0.147 (0.001 of it may be "
                "chance), and balance.drift.max_label_divergence is 0.13"
            ],
        ),
    ],
)
def test_shifted_labels(limits: dict[str, float], violations: list[str]) -> None:
    changes = _changes(_two(500, 500), _two(1800, 200))
    assert drift_violations(changes, DriftSettings.model_validate({**EVERYTHING, **limits})) == violations


@pytest.mark.parametrize(("cat", "dog", "refused"), [(1500, 500, 0), (500, 50, 2), (50_000, 50_000, 0)])
def test_default_limits_on_labels(cat: int, dog: int, refused: int) -> None:
    assert len(drift_violations(_changes(_two(500, 500), _two(cat, dog)), DriftSettings())) == refused


def test_changed_images() -> None:
    bright = _two(500, 500, brightness=(0, 0, 500, 500), formats={"JPEG": 1000})
    dark = _two(500, 500, brightness=(500, 500, 0, 0), formats={"PNG": 400, "JPEG": 600})
    changes = _changes(bright, dark)
    assert changes.image_divergences["brightness"].distance == pytest.approx(1)
    assert changes.image_divergences["formats"].distance == pytest.approx(0.236, abs=5e-4)
    assert [name for name, _ in largest_first(changes)] == ["brightness", "formats", "colour"]
    assert drift_violations(changes, DriftSettings()) == [
        "the images have changed in brightness since the previous run: they diverge by 1.000 "
        "(0.004 of it may be chance), and balance.drift.max_image_divergence is 0.25"
    ]
    assert len(drift_violations(changes, STRICT)) == 2
    assert drift_violations(changes, LENIENT) == []


def test_grayscale_images_are_counted_unless_set_aside() -> None:
    gray = [Finding(f"{number}.jpg", "grayscale", "one channel", "kept") for number in range(900)]
    other = [
        Finding("x.jpg", "cmyk", "four channels", "repaired"),
        Finding("0.jpg", "duplicate", "of 1.jpg", "set aside"),
    ]
    profile = profile_of(data_report(**_two(500, 500, files=[*gray, *other])))
    assert profile.counts("colour") == {"grayscale": 899, "colour": 101}
    changes = _changes(_two(500, 500), _two(500, 500, files=gray))
    (violation,) = drift_violations(changes, DriftSettings())
    assert "changed in colour or grayscale" in violation


@pytest.mark.parametrize(
    "now", [{"brightness": None}, {"edges": (0.0, 50.0, 100.0, 200.0)}, {"brightness": (0, 0, 0, 0)}]
)
def test_other_bins_are_not_compared(now: dict[str, Any]) -> None:
    histogram = {"brightness": (0, 0, 500, 500)}
    runs = (_two(500, 500, **histogram), _two(500, 500, **{**histogram, **now}))
    for changes in (_changes(*runs), _changes(*reversed(runs))):
        assert "brightness" in changes.not_compared
        assert "brightness" not in changes.image_divergences
        assert drift_violations(changes, STRICT) == []


def test_small_samples_are_given_the_benefit_of_the_doubt() -> None:
    before = {"train": {"cat": 8, "dog": 4}, "rest": 0, "brightness": (8, 4, 0, 0)}
    now = {"train": {"cat": 4, "dog": 8}, "rest": 0, "brightness": (4, 8, 0, 0)}
    assert drift_violations(_changes(before, now), STRICT) == []
