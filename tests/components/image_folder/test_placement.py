"""Which images stay and where, for images made up of what matters: label, bytes, hash, split."""

from __future__ import annotations

import hashlib
from collections import Counter
from typing import Any

import numpy as np
import pytest

from components.image_folder.findings import Finding
from components.image_folder.manifest import Entry
from components.image_folder.placement import Placement, place
from components.image_folder.placement_candidate import Candidate
from components.image_folder.settings import DataSettings, SplitFractions
from components.image_folder.split_assignment import DECIDING_BYTES, assign_split

HASHES = {
    "x": bytes(32),
    "x1": bytes(31) + b"\x01",  # 1 bit from x
    "x2": bytes(31) + b"\x03",  # 2 bits from x, 1 from x1
    "y": b"\x0f" * 32,
}


def _image(path: str, content: str, picture: str, split: str = "train", given: bool = False) -> Candidate:
    digest = hashlib.sha256(content.encode()).digest()
    return Candidate(path, path.split("/")[0], digest, split, given, HASHES[picture])


def _place(*images: Candidate, **policies: str) -> Placement:
    return place(images, DataSettings(policies=policies))  # type: ignore[arg-type]


def _told(placement: Placement) -> set[tuple[str, str, str]]:
    return {(finding.file, finding.kind, finding.action) for finding in placement.findings}


def test_of_several_copies_the_first_stays() -> None:
    placement = _place(_image("a/2", "same", "x"), _image("a/1", "same", "x"), _image("a/3", "same", "x"))
    assert placement.moved == {"a/2": None, "a/3": None}
    assert placement.copies == {"a/2", "a/3"}
    assert placement.findings == [
        Finding(f"a/{number}", "duplicate", "the same bytes as a/1", "set aside") for number in (2, 3)
    ]
    assert placement.pairs == []


def test_copies_that_are_kept_stay_together_and_are_no_near_duplicates() -> None:
    placement = _place(
        _image("a/1", "same", "x"),
        _image("a/2", "same", "x"),
        _image("a/3", "a", "x1", split="test"),
        duplicate="keep",
    )
    assert _told(placement) >= {("a/2", "duplicate", "kept")}
    moved = placement.moved
    assert len({moved.get("a/1", "train"), moved.get("a/2", "train"), moved.get("a/3", "test")}) == 1
    assert [(pair.first, pair.second) for pair in placement.pairs] == [("a/1", "a/3")]


def test_of_a_label_conflict_none_stays() -> None:
    placement = _place(_image("a/1", "same", "x"), _image("b/1", "same", "x"), _image("b/2", "same", "x"))
    assert placement.moved == {"a/1": None, "b/1": None, "b/2": None}
    assert placement.copies == set()
    in_b, in_a = (
        f"the same bytes lie under '{label}' too, as {label}/1: the label is in doubt" for label in "ba"
    )
    reasons = {finding.file: finding.reason for finding in placement.findings}
    assert reasons == {"a/1": in_b, "b/1": in_a, "b/2": in_a}


def test_of_a_leak_between_given_splits_the_one_further_from_training_stays() -> None:
    placement = _place(
        _image("a/1", "same", "x", "train", given=True),
        _image("a/2", "same", "x", "test", given=True),
        _image("a/3", "same", "x", "eval", given=True),
    )
    assert placement.moved == {"a/1": None, "a/3": None}
    assert placement.findings[0].kind == "split_leak"
    assert placement.findings[0].reason == "the same bytes are in the test split, as a/2"


def test_near_duplicates_follow_one_drawn_by_lot_to_its_split() -> None:
    digests = {content: hashlib.sha256(content.encode()).digest() for content in ("p", "q", "r")}
    drawn = min(digests, key=lambda content: digests[content][DECIDING_BYTES:])
    entries = [
        _image(f"a/{content}", content, picture, "test" if content == drawn else "train")
        for content, picture in zip("pqr", ("x", "x1", "x2"), strict=True)
    ]
    placement = _place(*entries, _image("a/other", "o", "y"))
    assert placement.moved == {f"a/{content}": "test" for content in digests if content != drawn}
    assert _told(placement) == {(f"a/{content}", "near_duplicate", "kept") for content in "pqr"}
    assert [pair.distance for pair in placement.pairs] == [1, 1, 2]


def test_of_near_duplicates_that_are_dropped_one_stays() -> None:
    placement = _place(
        _image("a/1", "p", "x"), _image("a/2", "q", "x1"), _image("b/3", "r", "x2"), near_duplicate="drop"
    )
    assert placement.moved == {"a/2": None, "b/3": None}
    assert _told(placement) == {
        ("a/1", "near_duplicate", "kept"),
        ("a/2", "near_duplicate", "set aside"),
        ("b/3", "near_duplicate", "set aside"),
    }
    assert placement.pairs == []
    assert "under 'a'" in placement.findings[-1].reason


def test_near_duplicates_with_given_splits_stay_where_they_are_and_are_told_of() -> None:
    entries = (
        _image("a/1", "p", "x", "train", given=True),
        _image("a/2", "q", "x1", "test", given=True),
        _image("a/3", "r", "x2", "train"),
    )
    placement = _place(*entries)
    # The one whose split is open goes to the given one furthest from training.
    assert placement.moved == {"a/3": "test"}
    assert ("a/1", "near_split_leak", "kept") in _told(placement)
    assert _place(*entries, near_split_leak="drop").moved["a/1"] is None


def test_a_leak_is_found_behind_a_nearer_one_in_the_same_split() -> None:
    entries = (
        _image("a/1", "p", "x", "train", given=True),
        _image("a/2", "q", "x1", "train", given=True),
        _image("b/3", "r", "x2", "test", given=True),
    )
    assert {(file, kind) for file, kind, _ in _told(_place(*entries))} == {
        ("a/1", "near_split_leak"),
        ("a/2", "near_split_leak"),
        ("b/3", "near_duplicate"),
    }
    assert _place(*entries, near_split_leak="drop").moved == {"a/1": None, "a/2": None}
    # One of them stays, whatever is dropped, and it is the one furthest from training.
    both = _place(*entries, near_split_leak="drop", near_duplicate="drop")
    assert both.moved == {"a/1": None, "a/2": None}


def test_a_split_that_is_given_in_full_takes_in_no_further_image() -> None:
    entries = [_image("a/1", "p", "x", "train"), _image("a/2", "q", "x1", "test", given=True)]
    placement = place(entries, DataSettings(), open_splits=("train", "eval"))
    assert placement.moved == {}
    assert _told(placement) == {("a/1", "near_split_leak", "kept"), ("a/2", "near_duplicate", "kept")}
    assert place(entries, DataSettings()).moved == {"a/1": "test"}


def test_beside_a_split_that_is_given_in_full_the_others_stay_together() -> None:
    entries = [
        _near("a/1", 2, _hash(), "train"),
        _near("a/2", 1, _hash(range(1)), "eval"),
        _near("a/3", 3, _hash(range(2)), "test", given=True),
    ]
    assert place(entries, DataSettings(), open_splits=("train", "eval")).moved == {"a/1": "eval"}


def test_a_conflict_that_is_kept_does_not_hide_a_leak() -> None:
    entries = (
        _image("a/1", "same", "x", "train", given=True),
        _image("b/1", "same", "x", "test", given=True),
    )
    placement = _place(*entries, label_conflict="keep")
    assert ("a/1", "split_leak", "set aside") in _told(placement)
    assert placement.moved == {"a/1": None}
    together = _place(_image("a/1", "same", "x"), _image("b/1", "same", "x"), label_conflict="keep")
    assert (together.moved, {kind for _, kind, _ in _told(together)}) == ({}, {"label_conflict"})


def test_a_group_too_large_to_be_one_picture_is_only_told_of() -> None:
    entries = [_image(f"a/{n}", str(n), "x1" if n else "x", "test" if n % 2 else "train") for n in range(6)]
    settings = DataSettings(near_duplicates={"max_group": 5})  # type: ignore[arg-type]
    placement = place(entries, settings)
    assert placement.moved == {}
    assert "one of 6 alike, too many to keep together" in placement.findings[0].reason
    assert {finding.action for finding in placement.findings} == {"kept"}
    assert place(entries[:5], settings).moved  # one fewer is not too many
    for policy, action in (("drop", "kept"), ("fail", "refused")):
        changed = {"near_duplicates": {"max_group": 5}, "policies": {"near_duplicate": policy}}
        stricter = place(entries, DataSettings.model_validate(changed))
        assert stricter.moved == {}
        assert {finding.action for finding in stricter.findings} == {action}


def test_a_group_too_large_may_still_be_a_leak() -> None:
    entries = [
        _near(f"a/{n}", n, _hash(range(n)), ("train", "test")[n == 3], given=True) for n in range(1, 4)
    ]
    for policy, action in (("keep", "kept"), ("drop", "kept"), ("fail", "refused")):
        changed = {"near_duplicates": {"max_group": 2}, "policies": {"near_split_leak": policy}}
        placement = place(entries, DataSettings.model_validate(changed))
        leaks = {(f"a/{n}", "near_split_leak", action) for n in (1, 2)}
        assert _told(placement) == leaks | {("a/3", "near_duplicate", "kept")}
        assert placement.moved == {}


def test_an_image_whose_label_is_in_doubt_is_nothing_s_near_duplicate() -> None:
    placement = _place(_image("a/1", "same", "x"), _image("b/1", "same", "x"), _image("a/3", "other", "x1"))
    assert {kind for _, kind, _ in _told(placement)} == {"label_conflict"}
    assert placement.pairs == []


def test_a_copy_that_is_left_out_is_nothing_s_near_duplicate() -> None:
    placement = _place(_image("a/1", "same", "x"), _image("a/2", "same", "x"), _image("a/3", "other", "x1"))
    assert _told(placement) == {
        ("a/2", "duplicate", "set aside"),
        ("a/1", "near_duplicate", "kept"),
        ("a/3", "near_duplicate", "kept"),
    }


@pytest.mark.parametrize("kind", ["duplicate", "label_conflict", "near_duplicate"])
def test_a_policy_of_fail_refuses(kind: str) -> None:
    entries: dict[str, Any] = {
        "duplicate": (_image("a/1", "same", "x"), _image("a/2", "same", "x")),
        "label_conflict": (_image("a/1", "same", "x"), _image("b/1", "same", "x")),
        "near_duplicate": (_image("a/1", "p", "x"), _image("a/2", "q", "x1")),
    }
    placement = _place(*entries[kind], **{kind: "fail"})
    assert {finding.action for finding in placement.findings} == {"refused"}
    assert None in placement.moved.values()


def test_images_with_nothing_on_them_are_not_alike() -> None:
    blank = Entry("a/1", "a", 1, 0, None, 0, "11" * 32, (("dark", "nearly black"),), "train")
    other = Entry("a/2", "a", 1, 0, None, 0, "22" * 32, (("low_information", "…"),), "test")
    assert place(map(Candidate.of, (blank, other)), DataSettings()).findings == []


def test_the_order_of_the_entries_does_not_matter() -> None:
    entries = [_image("a/1", "p", "x"), _image("b/2", "q", "x1", "test"), _image("a/3", "q", "y")]
    assert _place(*entries) == _place(*reversed(entries))


def _hash(*bits: range) -> bytes:
    """The perceptual hash with these bits set."""
    return sum(1 << bit for some in bits for bit in some).to_bytes(32, "big")


def _near(path: str, digest: int, picture: bytes, split: str = "train", given: bool = False) -> Candidate:
    """An image whose place in the order of the digests is known."""
    return Candidate(path, path.split("/")[0], bytes([digest]) * 32, split, given, picture)


def test_an_image_that_is_left_out_is_nobodys_near_duplicate() -> None:
    entries = (
        _near("a/1", 2, _hash()),
        _near("a/2", 2, _hash()),
        _near("a/3", 1, _hash(range(1)), split="test"),
    )
    placement = _place(*entries)
    assert placement.moved == {"a/1": "test", "a/2": None}
    assert ("a/2", "near_duplicate", "kept") not in _told(placement)


def test_copies_that_are_kept_move_together() -> None:
    entries = (
        _near("a/1", 2, _hash()),
        _near("a/2", 2, _hash()),
        _near("a/3", 1, _hash(range(1)), split="test"),
    )
    placement = _place(*entries, duplicate="keep")
    assert placement.moved == {"a/1": "test", "a/2": "test"}
    assert placement.copies == set()
    # The second copy has no other picture like it than the first.
    assert ("a/2", "near_duplicate", "kept") not in _told(placement)


def test_a_label_conflict_across_given_splits_is_nothing_else_besides() -> None:
    entries = (
        _image("a/1", "same", "x", "train", given=True),
        _image("a/2", "same", "x", "train", given=True),
        _image("b/1", "same", "x", "test", given=True),
    )
    placement = _place(*entries)
    assert {(finding.file, finding.kind, finding.reason[:35]) for finding in placement.findings} == {
        ("a/1", "label_conflict", "the same bytes lie under 'b' too, a"),
        ("a/2", "label_conflict", "the same bytes lie under 'b' too, a"),
        ("b/1", "label_conflict", "the same bytes lie under 'a' too, a"),
    }
    assert placement.copies == set()


def test_what_is_validated_on_comes_before_what_is_trained_on() -> None:
    entries = (
        _image("a/1", "same", "x", "train", given=True),
        _image("a/2", "same", "x", "eval", given=True),
    )
    assert _place(*entries).moved == {"a/1": None}
    assert _place(*entries).copies == {"a/1"}
    assert _place(*entries, split_leak="keep").moved == {}
    assert _place(*entries, split_leak="keep").copies == set()


def test_of_copies_beside_a_leak_that_is_kept_one_stays() -> None:
    same = [_image(f"a/{number}", "same", "x", "train", given=True) for number in (1, 2, 3)]
    placement = _place(*same, _image("a/4", "same", "x", "test", given=True), split_leak="keep")
    assert placement.moved == {"a/2": None, "a/3": None}
    assert [(finding.file, finding.kind, finding.reason) for finding in placement.findings] == [
        ("a/1", "split_leak", "the same bytes are in the test split, as a/4"),
        ("a/2", "duplicate", "the same bytes as a/1"),
        ("a/3", "duplicate", "the same bytes as a/1"),
    ]


def test_a_leak_that_is_kept_is_no_near_leak_besides() -> None:
    same = [
        _image("a/1", "same", "x", split="train", given=True),
        _image("a/2", "same", "x", split="test", given=True),
    ]
    policies = {"split_leak": "keep", "near_split_leak": "drop"}
    placement = _place(*same, **policies)
    assert (_told(placement), placement.moved) == ({("a/1", "split_leak", "kept")}, {})
    third = _image("a/3", "a", "x1", split="test", given=True)
    assert _place(*same, third, **policies).moved == {"a/1": None}


def test_the_limits_are_still_near() -> None:
    apart = (_near("a/1", 1, _hash()), _near("a/2", 2, _hash(range(4)), "test"))
    for max_distance, moved in ((4, {"a/2": "train"}), (3, {})):
        limits = {"near_duplicates": {"max_distance": max_distance}}
        assert place(apart, DataSettings.model_validate(limits)).moved == moved
    group = [_near(f"a/{number}", 9 - number, _hash(range(number)), "test") for number in range(3)]
    group[2] = group[2]._replace(split="train")
    for max_group, moved in ((3, {"a/0": "train", "a/1": "train"}), (2, {})):
        limits = {"near_duplicates": {"max_group": max_group}}
        assert place(group, DataSettings.model_validate(limits)).moved == moved


def test_each_is_told_which_picture_is_nearest() -> None:
    entries = (
        _near("a/1", 1, _hash()),
        _near("a/2", 2, _hash(range(2))),
        _near("b/3", 3, _hash(range(3))),
    )
    placement = _place(*entries)
    assert [(finding.file, finding.reason) for finding in placement.findings] == [
        ("a/1", "nearly the same picture as a/2 (2 of 256 bits differ)"),
        ("a/2", "nearly the same picture as b/3 under 'b' (1 of 256 bits differ)"),
        ("b/3", "nearly the same picture as a/2 under 'a' (1 of 256 bits differ)"),
    ]
    assert [(pair.first, pair.second, pair.distance) for pair in placement.pairs] == [
        ("a/2", "b/3", 1),
        ("a/1", "a/2", 2),
        ("a/1", "b/3", 3),
    ]
    # The first by name stays, though the others are nearer to one another.
    assert _place(*entries, near_duplicate="drop").moved == {"a/2": None, "b/3": None}


@pytest.mark.parametrize("images_a_group", [2, 5])
def test_groups_are_divided_as_single_images_are(images_a_group: int) -> None:
    random = np.random.default_rng(7)
    images = []
    for group in range(1500):
        picture = random.bytes(31)
        for number in range(images_a_group):
            digest = hashlib.sha256(f"{group}-{number}".encode())
            split = assign_split(digest.hexdigest(), SplitFractions())
            image = _near(f"a/{group}-{number}", 0, picture + bytes([number]), split)
            images.append(image._replace(sha256=digest.digest()))
    placement = _place(*images)
    counts = Counter(placement.moved.get(image.path) or image.split for image in images)
    shares = [counts[split] / len(images) for split in ("train", "eval", "test")]
    assert shares == pytest.approx([0.8, 0.1, 0.1], abs=0.03)  # four standard deviations


def test_the_lot_decides_and_not_the_furthest_split() -> None:
    entries = (
        _near("a/1", 2, _hash(), "eval"),
        _near("a/2", 1, _hash(range(1)), "train"),
        _near("a/3", 3, _hash(range(2)), "test"),
    )
    assert _place(*entries).moved == {"a/1": "train", "a/3": "train"}


def test_a_leak_names_the_split_that_the_other_image_went_to() -> None:
    entries = (
        _near("a/1", 1, _hash(), "train"),
        _near("a/2", 2, _hash(range(1)), "test", given=True),
        _near("a/3", 3, _hash(range(2)), "train", given=True),
    )
    (leak,) = [finding for finding in _place(*entries).findings if finding.kind == "near_split_leak"]
    assert (leak.file, leak.reason) == ("a/3", "nearly the same picture as a/1 in the test split")


def test_pictures_that_hang_together_through_others_are_one_group() -> None:
    # Nearest neighbours in a row are 1 2 3 4 0, five, four, three and six bits apart.
    bits = (range(18), range(0), range(5), range(9), range(12))
    row = [_near(f"a/{number}", 9, _hash(some), "train") for number, some in enumerate(bits)]
    row[1] = row[1]._replace(sha256=bytes(32), split="test")
    limits = DataSettings.model_validate({"near_duplicates": {"max_distance": 6}})
    for number in (2, 3, 4, 0):
        row[number] = row[number]._replace(sha256=bytes([number + 1]) * 32)
    assert place(row, limits).moved == {f"a/{number}": "test" for number in (0, 2, 3, 4)}
    # Two that have nothing in common but a third.
    fork = (
        _near("a/0", 1, _hash(range(1)), "test"),
        _near("a/1", 2, _hash(range(1, 2))),
        _near("a/2", 3, _hash()),
    )
    one_bit = DataSettings.model_validate({"near_duplicates": {"max_distance": 1}})
    assert place(fork, one_bit).moved == {"a/1": "test", "a/2": "test"}


def test_a_group_too_large_is_refused_but_not_its_copies() -> None:
    images = [_near(f"a/{number}", number, _hash(range(number)), "train") for number in range(1, 5)]
    images.append(_near("a/9", 1, _hash(range(1)), "train"))
    policies = {"near_duplicate": "fail", "duplicate": "keep"}
    settings = DataSettings.model_validate({"near_duplicates": {"max_group": 4}, "policies": policies})
    placement = place(images, settings)
    assert _told(placement) == {
        ("a/9", "duplicate", "kept"),
        *((f"a/{number}", "near_duplicate", "refused") for number in range(1, 5)),
    }
    assert placement.moved == {}
