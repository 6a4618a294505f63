"""Where near-duplicates go."""

from __future__ import annotations

import hashlib
from collections import Counter

import numpy as np
import pytest

from components.image_folder.records.manifest import Entry
from components.image_folder.settings import DataSettings, SplitFractions
from components.image_folder.splits.placement import place
from components.image_folder.splits.placement_candidate import Candidate
from components.image_folder.splits.split_assignment import DECIDING_BYTES, assign_split
from tests.components.image_folder.splits.placement_cases import an_image, hash_of, near_image, placed, told


def test_near_duplicates_follow_one_drawn_by_lot_to_its_split() -> None:
    digests = {content: hashlib.sha256(content.encode()).digest() for content in ("p", "q", "r")}
    drawn = min(digests, key=lambda content: digests[content][DECIDING_BYTES:])
    entries = [
        an_image(f"a/{content}", content, picture, "test" if content == drawn else "train")
        for content, picture in zip("pqr", ("x", "x1", "x2"), strict=True)
    ]
    placement = placed(*entries, an_image("a/other", "o", "y"))
    assert placement.moved == {f"a/{content}": "test" for content in digests if content != drawn}
    assert told(placement) == {(f"a/{content}", "near_duplicate", "kept") for content in "pqr"}
    assert [pair.distance for pair in placement.pairs] == [1, 1, 2]


def test_of_near_duplicates_that_are_dropped_one_stays() -> None:
    placement = placed(
        an_image("a/1", "p", "x"),
        an_image("a/2", "q", "x1"),
        an_image("b/3", "r", "x2"),
        near_duplicate="drop",
    )
    assert placement.moved == {"a/2": None, "b/3": None}
    assert told(placement) == {
        ("a/1", "near_duplicate", "kept"),
        ("a/2", "near_duplicate", "set aside"),
        ("b/3", "near_duplicate", "set aside"),
    }
    assert placement.pairs == []
    assert "under 'a'" in placement.findings[-1].reason


def test_near_duplicates_with_given_splits_stay_where_they_are_and_are_told_of() -> None:
    entries = (
        an_image("a/1", "p", "x", "train", given=True),
        an_image("a/2", "q", "x1", "test", given=True),
        an_image("a/3", "r", "x2", "train"),
    )
    placement = placed(*entries)
    # The one whose split is open goes to the given one furthest from training.
    assert placement.moved == {"a/3": "test"}
    assert ("a/1", "near_split_leak", "kept") in told(placement)
    assert placed(*entries, near_split_leak="drop").moved["a/1"] is None


def test_a_leak_is_found_behind_a_nearer_one_in_the_same_split() -> None:
    entries = (
        an_image("a/1", "p", "x", "train", given=True),
        an_image("a/2", "q", "x1", "train", given=True),
        an_image("b/3", "r", "x2", "test", given=True),
    )
    assert {(file, kind) for file, kind, _ in told(placed(*entries))} == {
        ("a/1", "near_split_leak"),
        ("a/2", "near_split_leak"),
        ("b/3", "near_duplicate"),
    }
    assert placed(*entries, near_split_leak="drop").moved == {"a/1": None, "a/2": None}
    # One of them stays, whatever is dropped, and it is the one furthest from training.
    both = placed(*entries, near_split_leak="drop", near_duplicate="drop")
    assert both.moved == {"a/1": None, "a/2": None}


def test_a_split_that_is_given_in_full_takes_in_no_further_image() -> None:
    entries = [an_image("a/1", "p", "x", "train"), an_image("a/2", "q", "x1", "test", given=True)]
    placement = place(entries, DataSettings(), open_splits=("train", "eval"))
    assert placement.moved == {}
    assert told(placement) == {("a/1", "near_split_leak", "kept"), ("a/2", "near_duplicate", "kept")}
    assert place(entries, DataSettings()).moved == {"a/1": "test"}


def test_beside_a_split_that_is_given_in_full_the_others_stay_together() -> None:
    entries = [
        near_image("a/1", 2, hash_of(), "train"),
        near_image("a/2", 1, hash_of(range(1)), "eval"),
        near_image("a/3", 3, hash_of(range(2)), "test", given=True),
    ]
    assert place(entries, DataSettings(), open_splits=("train", "eval")).moved == {"a/1": "eval"}


def test_a_group_too_large_to_be_one_picture_is_only_told_of() -> None:
    entries = [an_image(f"a/{n}", str(n), "x1" if n else "x", "test" if n % 2 else "train") for n in range(6)]
    settings = DataSettings(near_duplicates={"max_group": 5})  # type: ignore[arg-type]
    placement = place(entries, settings)
    assert placement.moved == {}
    assert "one of 6 alike, too many to keep together" in placement.findings[0].reason
    assert {finding.action for finding in placement.findings} == {"kept"}
    assert place(entries[:5], settings).moved  # one fewer is not too many
    for policy, action in (("drop", "kept"), ("fail", "refused")):
        changed = {"near_duplicates": {"max_group": 5}, "policies": {"near_duplicate": policy}}
        stricter = place(entries, DataSettings.model_validate(changed))
        # What is refused is not counted among the images used.
        assert stricter.moved == ({entry.path: None for entry in entries} if policy == "fail" else {})
        assert {finding.action for finding in stricter.findings} == {action}


def test_a_group_too_large_may_still_be_a_leak() -> None:
    entries = [
        near_image(f"a/{n}", n, hash_of(range(n)), ("train", "test")[n == 3], given=True) for n in range(1, 4)
    ]
    for policy, action in (("keep", "kept"), ("drop", "kept"), ("fail", "refused")):
        changed = {"near_duplicates": {"max_group": 2}, "policies": {"near_split_leak": policy}}
        placement = place(entries, DataSettings.model_validate(changed))
        leaks = {(f"a/{n}", "near_split_leak", action) for n in (1, 2)}
        assert told(placement) == leaks | {("a/3", "near_duplicate", "kept")}
        assert placement.moved == ({"a/1": None, "a/2": None} if policy == "fail" else {})


def test_an_image_whose_label_is_in_doubt_is_nothing_s_near_duplicate() -> None:
    placement = placed(
        an_image("a/1", "same", "x"), an_image("b/1", "same", "x"), an_image("a/3", "other", "x1")
    )
    assert {kind for _, kind, _ in told(placement)} == {"label_conflict"}
    assert placement.pairs == []


def test_a_copy_that_is_left_out_is_nothing_s_near_duplicate() -> None:
    placement = placed(
        an_image("a/1", "same", "x"), an_image("a/2", "same", "x"), an_image("a/3", "other", "x1")
    )
    assert told(placement) == {
        ("a/2", "duplicate", "set aside"),
        ("a/1", "near_duplicate", "kept"),
        ("a/3", "near_duplicate", "kept"),
    }


def test_images_with_nothing_on_them_are_not_alike() -> None:
    blank = Entry("a/1", "a", 1, 0, None, 0, "11" * 32, (("dark", "nearly black"),), "train")
    other = Entry("a/2", "a", 1, 0, None, 0, "22" * 32, (("low_information", "…"),), "test")
    assert place(map(Candidate.of, (blank, other)), DataSettings()).findings == []


def test_an_image_that_is_left_out_is_nobodys_near_duplicate() -> None:
    entries = (
        near_image("a/1", 2, hash_of()),
        near_image("a/2", 2, hash_of()),
        near_image("a/3", 1, hash_of(range(1)), split="test"),
    )
    placement = placed(*entries)
    assert placement.moved == {"a/1": "test", "a/2": None}
    assert ("a/2", "near_duplicate", "kept") not in told(placement)


def test_the_limits_are_still_near() -> None:
    apart = (near_image("a/1", 1, hash_of()), near_image("a/2", 2, hash_of(range(4)), "test"))
    for max_distance, moved in ((4, {"a/2": "train"}), (3, {})):
        limits = {"near_duplicates": {"max_distance": max_distance}}
        assert place(apart, DataSettings.model_validate(limits)).moved == moved
    group = [near_image(f"a/{number}", 9 - number, hash_of(range(number)), "test") for number in range(3)]
    group[2] = group[2]._replace(split="train")
    for max_group, moved in ((3, {"a/0": "train", "a/1": "train"}), (2, {})):
        limits = {"near_duplicates": {"max_group": max_group}}
        assert place(group, DataSettings.model_validate(limits)).moved == moved


def test_each_is_told_which_picture_is_nearest() -> None:
    entries = (
        near_image("a/1", 1, hash_of()),
        near_image("a/2", 2, hash_of(range(2))),
        near_image("b/3", 3, hash_of(range(3))),
    )
    placement = placed(*entries)
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
    assert placed(*entries, near_duplicate="drop").moved == {"a/2": None, "b/3": None}


@pytest.mark.parametrize("images_a_group", [2, 5])
def test_groups_are_divided_as_single_images_are(images_a_group: int) -> None:
    random = np.random.default_rng(7)
    images = []
    for group in range(1500):
        picture = random.bytes(31)
        for number in range(images_a_group):
            digest = hashlib.sha256(f"{group}-{number}".encode())
            split = assign_split(digest.hexdigest(), SplitFractions())
            image = near_image(f"a/{group}-{number}", 0, picture + bytes([number]), split)
            images.append(image._replace(sha256=digest.digest()))
    placement = placed(*images)
    counts = Counter(placement.moved.get(image.path) or image.split for image in images)
    shares = [counts[split] / len(images) for split in ("train", "eval", "test")]
    assert shares == pytest.approx([0.8, 0.1, 0.1], abs=0.03)  # four standard deviations


def test_the_lot_decides_and_not_the_furthest_split() -> None:
    entries = (
        near_image("a/1", 2, hash_of(), "eval"),
        near_image("a/2", 1, hash_of(range(1)), "train"),
        near_image("a/3", 3, hash_of(range(2)), "test"),
    )
    assert placed(*entries).moved == {"a/1": "train", "a/3": "train"}


def test_the_lot_begins_where_the_bytes_end_that_decide() -> None:
    """Changing this would move near-duplicates between splits of models in production."""
    eighth_and_ninth = (bytes([0, 1]), bytes([1, 0]))
    first, second = (
        near_image(f"a/{number}", 0, hash_of(range(number)), split)._replace(
            sha256=bytes(7) + two + bytes(23)
        )
        for number, (split, two) in enumerate(zip(("train", "test"), eighth_and_ninth, strict=True))
    )
    assert placed(first, second).moved == {"a/0": "test"}


def test_a_leak_names_the_split_that_the_other_image_went_to() -> None:
    entries = (
        near_image("a/1", 1, hash_of(), "train"),
        near_image("a/2", 2, hash_of(range(1)), "test", given=True),
        near_image("a/3", 3, hash_of(range(2)), "train", given=True),
    )
    (leak,) = [finding for finding in placed(*entries).findings if finding.kind == "near_split_leak"]
    assert (leak.file, leak.reason) == ("a/3", "nearly the same picture as a/1 in the test split")


def test_pictures_that_hang_together_through_others_are_one_group() -> None:
    # Nearest neighbours in a row are 1 2 3 4 0, five, four, three and six bits apart.
    bits = (range(18), range(0), range(5), range(9), range(12))
    row = [near_image(f"a/{number}", 9, hash_of(some), "train") for number, some in enumerate(bits)]
    row[1] = row[1]._replace(sha256=bytes(32), split="test")
    limits = DataSettings.model_validate({"near_duplicates": {"max_distance": 6}})
    for number in (2, 3, 4, 0):
        row[number] = row[number]._replace(sha256=bytes([number + 1]) * 32)
    assert place(row, limits).moved == {f"a/{number}": "test" for number in (0, 2, 3, 4)}
    # Two that have nothing in common but a third.
    fork = (
        near_image("a/0", 1, hash_of(range(1)), "test"),
        near_image("a/1", 2, hash_of(range(1, 2))),
        near_image("a/2", 3, hash_of()),
    )
    one_bit = DataSettings.model_validate({"near_duplicates": {"max_distance": 1}})
    assert place(fork, one_bit).moved == {"a/1": "test", "a/2": "test"}


def test_a_group_too_large_is_refused_but_not_its_copies() -> None:
    images = [near_image(f"a/{number}", number, hash_of(range(number)), "train") for number in range(1, 5)]
    images.append(near_image("a/9", 1, hash_of(range(1)), "train"))
    policies = {"near_duplicate": "fail", "duplicate": "keep"}
    settings = DataSettings.model_validate({"near_duplicates": {"max_group": 4}, "policies": policies})
    placement = place(images, settings)
    assert told(placement) == {
        ("a/9", "duplicate", "kept"),
        *((f"a/{number}", "near_duplicate", "refused") for number in range(1, 5)),
    }
    assert placement.moved == {f"a/{number}": None for number in range(1, 5)}
