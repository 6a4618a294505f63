from __future__ import annotations

import pytest

from components.image_folder.manifest import Entry
from components.image_folder.placement_candidate import Candidate

ENTRY = Entry("a/1", "a", 1, 0, None, 0, "11" * 32, (), "train", perceptual_hash="22" * 32)


def test_takes_over_what_placement_needs() -> None:
    expected = Candidate("a/1", "a", b"\x11" * 32, "train", False, b"\x22" * 32)
    assert Candidate.of(ENTRY) == expected
    assert Candidate.of(ENTRY._replace(given_split="train")) == expected._replace(given=True)


@pytest.mark.parametrize(
    ("kind", "tells_apart"),
    [("dark", False), ("bright", False), ("low_information", False), ("blurry", True), ("gray", True)],
)
def test_images_with_nothing_on_them_have_no_hash(kind: str, tells_apart: bool) -> None:
    found = Candidate.of(ENTRY._replace(findings=(("grayscale", "gray"), (kind, "…"))))
    assert bool(found.perceptual_hash) == tells_apart
