from __future__ import annotations

import pytest

from components.image_folder.records.manifest import Entry
from components.image_folder.splits.placement_candidate import Candidate

ENTRY = Entry("a/1", "a", 1, 0, None, 0, "11" * 32, (), "train", perceptual_hash="22" * 32)


def test_takes_over_what_matters() -> None:
    assert Candidate.of(ENTRY) == Candidate("a/1", "a", b"\x11" * 32, "train", False, b"\x22" * 32)
    assert Candidate.of(ENTRY._replace(given_split="train")).given


@pytest.mark.parametrize("kind", ["dark", "bright", "low_information"])
def test_images_with_nothing_on_them_have_no_hash(kind: str) -> None:
    told = ENTRY._replace(findings=(("alpha", "transparency"), (kind, "nothing to be seen")))
    assert Candidate.of(told).perceptual_hash == b""


def test_other_findings_leave_the_hash() -> None:
    told = ENTRY._replace(findings=(("alpha", "transparency"), ("blurry", "out of focus")))
    assert Candidate.of(told).perceptual_hash == b"\x22" * 32
