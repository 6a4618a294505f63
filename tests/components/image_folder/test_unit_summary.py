from __future__ import annotations

from collections import Counter

from components.image_folder.manifest import Entry
from components.image_folder.unit_summary import UnitSummary, summarize

BLURRY = ("blurry", "soft")
ENTRIES = [
    Entry("a/1", "a", 1, 0, None, 0, split="train", format="PNG", width=9, height=9, findings=(BLURRY,)),
    Entry("a/2", "a", 1, 0, None, 0, split="train", format="PNG", width=9, height=9),
    Entry("b/1", "b", 1, 0, None, 1, split="eval", format="GIF", width=9, height=9),
    Entry("b/2", "b", 1, 0, None, 1, findings=(("corrupt", "cut"), ("palette", "few"))),
]


def test_sums_up_what_is_used_and_all_that_is_amiss() -> None:
    summary = summarize(ENTRIES, {})
    assert summary.counts == {("train", "a"): 2, ("eval", "b"): 1}
    assert summary.findings == [("a/1", *BLURRY), ("b/2", "corrupt", "cut"), ("b/2", "palette", "few")]
    assert summary.statistics.result().formats == {"GIF": 1, "PNG": 2}


def test_counts_images_where_they_are_moved_to() -> None:
    summary = summarize(ENTRIES, {"a/1": "test", "b/1": None})
    assert summary.counts == {("test", "a"): 1, ("train", "a"): 1}
    assert summary.statistics.result().formats == {"PNG": 2}
    assert len(summary.findings) == 3


def test_units_add_up() -> None:
    whole = UnitSummary()
    for part in (ENTRIES[:1], ENTRIES[1:3], ENTRIES[3:]):
        whole.add(summarize(part, {}))
    expected = summarize(ENTRIES, {})
    assert whole.counts == Counter(expected.counts)
    assert whole.findings == expected.findings
    assert whole.statistics.result() == expected.statistics.result()
