"""Which images stay and where, for images made up of what matters: label, bytes, hash, split."""

from __future__ import annotations

from typing import Any

import pytest

from components.image_folder.findings import Finding
from tests.components.image_folder.splits.placement_cases import an_image, hash_of, near_image, placed, told


def test_of_several_copies_the_first_stays() -> None:
    placement = placed(
        an_image("a/2", "same", "x"), an_image("a/1", "same", "x"), an_image("a/3", "same", "x")
    )
    assert placement.moved == {"a/2": None, "a/3": None}
    assert placement.copies == {"a/2", "a/3"}
    assert placement.findings == [
        Finding(f"a/{number}", "duplicate", "the same bytes as a/1", "set aside") for number in (2, 3)
    ]
    assert placement.pairs == []


def test_copies_that_are_kept_stay_together_and_are_no_near_duplicates() -> None:
    placement = placed(
        an_image("a/1", "same", "x"),
        an_image("a/2", "same", "x"),
        an_image("a/3", "a", "x1", split="test"),
        duplicate="keep",
    )
    assert told(placement) >= {("a/2", "duplicate", "kept")}
    moved = placement.moved
    assert len({moved.get("a/1", "train"), moved.get("a/2", "train"), moved.get("a/3", "test")}) == 1
    assert [(pair.first, pair.second) for pair in placement.pairs] == [("a/1", "a/3")]


def test_of_a_label_conflict_none_stays() -> None:
    placement = placed(
        an_image("a/1", "same", "x"), an_image("b/1", "same", "x"), an_image("b/2", "same", "x")
    )
    assert placement.moved == {"a/1": None, "b/1": None, "b/2": None}
    assert placement.copies == set()
    in_b, in_a = (
        f"the same bytes lie under '{label}' too, as {label}/1: the label is in doubt" for label in "ba"
    )
    reasons = {finding.file: finding.reason for finding in placement.findings}
    assert reasons == {"a/1": in_b, "b/1": in_a, "b/2": in_a}


def test_of_a_leak_between_given_splits_the_one_further_from_training_stays() -> None:
    placement = placed(
        an_image("a/1", "same", "x", "train", given=True),
        an_image("a/2", "same", "x", "eval", given=True),
        an_image("a/3", "same", "x", "test", given=True),
    )
    assert placement.moved == {"a/1": None, "a/2": None}
    assert placement.findings[0].kind == "split_leak"
    assert placement.findings[0].reason == "the same bytes are in the test split, as a/3"


def test_a_conflict_that_is_kept_does_not_hide_a_leak() -> None:
    entries = (
        an_image("a/1", "same", "x", "train", given=True),
        an_image("b/1", "same", "x", "test", given=True),
    )
    placement = placed(*entries, label_conflict="keep")
    assert ("a/1", "split_leak", "set aside") in told(placement)
    assert placement.moved == {"a/1": None}
    together = placed(an_image("a/1", "same", "x"), an_image("b/1", "same", "x"), label_conflict="keep")
    assert (together.moved, {kind for _, kind, _ in told(together)}) == ({}, {"label_conflict"})


@pytest.mark.parametrize("kind", ["duplicate", "label_conflict", "near_duplicate"])
def test_a_policy_of_fail_refuses(kind: str) -> None:
    entries: dict[str, Any] = {
        "duplicate": (an_image("a/1", "same", "x"), an_image("a/2", "same", "x")),
        "label_conflict": (an_image("a/1", "same", "x"), an_image("b/1", "same", "x")),
        "near_duplicate": (an_image("a/1", "p", "x"), an_image("a/2", "q", "x1")),
    }
    placement = placed(*entries[kind], **{kind: "fail"})
    assert {finding.action for finding in placement.findings} == {"refused"}
    assert None in placement.moved.values()


def test_the_order_of_the_entries_does_not_matter() -> None:
    entries = [an_image("a/1", "p", "x"), an_image("b/2", "q", "x1", "test"), an_image("a/3", "q", "y")]
    assert placed(*entries) == placed(*reversed(entries))


def test_copies_that_are_kept_move_together() -> None:
    entries = (
        near_image("a/1", 2, hash_of()),
        near_image("a/2", 2, hash_of()),
        near_image("a/3", 1, hash_of(range(1)), split="test"),
    )
    placement = placed(*entries, duplicate="keep")
    assert placement.moved == {"a/1": "test", "a/2": "test"}
    assert placement.copies == set()
    # The second copy has no other picture like it than the first.
    assert ("a/2", "near_duplicate", "kept") not in told(placement)


def test_a_label_conflict_across_given_splits_is_nothing_else_besides() -> None:
    entries = (
        an_image("a/1", "same", "x", "train", given=True),
        an_image("a/2", "same", "x", "train", given=True),
        an_image("b/1", "same", "x", "test", given=True),
    )
    placement = placed(*entries)
    assert {(finding.file, finding.kind, finding.reason[:35]) for finding in placement.findings} == {
        ("a/1", "label_conflict", "the same bytes lie under 'b' too, a"),
        ("a/2", "label_conflict", "the same bytes lie under 'b' too, a"),
        ("b/1", "label_conflict", "the same bytes lie under 'a' too, a"),
    }
    assert placement.copies == set()


def test_what_is_validated_on_comes_before_what_is_trained_on() -> None:
    entries = (
        an_image("a/1", "same", "x", "train", given=True),
        an_image("a/2", "same", "x", "eval", given=True),
    )
    assert placed(*entries).moved == {"a/1": None}
    assert placed(*entries).copies == {"a/1"}
    assert placed(*entries, split_leak="keep").moved == {}
    assert placed(*entries, split_leak="keep").copies == set()


def test_of_copies_beside_a_leak_that_is_kept_one_stays() -> None:
    same = [an_image(f"a/{number}", "same", "x", "train", given=True) for number in (1, 2, 3)]
    placement = placed(*same, an_image("a/4", "same", "x", "test", given=True), split_leak="keep")
    assert placement.moved == {"a/2": None, "a/3": None}
    assert [(finding.file, finding.kind, finding.reason) for finding in placement.findings] == [
        ("a/1", "split_leak", "the same bytes are in the test split, as a/4"),
        ("a/2", "duplicate", "the same bytes as a/1"),
        ("a/3", "duplicate", "the same bytes as a/1"),
    ]


def test_a_leak_that_is_kept_is_no_near_leak_besides() -> None:
    same = [
        an_image("a/1", "same", "x", split="train", given=True),
        an_image("a/2", "same", "x", split="test", given=True),
    ]
    policies = {"split_leak": "keep", "near_split_leak": "drop"}
    placement = placed(*same, **policies)
    assert (told(placement), placement.moved) == ({("a/1", "split_leak", "kept")}, {})
    third = an_image("a/3", "a", "x1", split="test", given=True)
    assert placed(*same, third, **policies).moved == {"a/1": None}
