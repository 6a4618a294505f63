from __future__ import annotations

from components.image_folder.records.manifest import Entry
from components.image_folder.workers.unit_summary import UnitSummary, summarize


def _entry(path: str, split: str | None, file_format: str, *findings: tuple[str, str]) -> Entry:
    return Entry(path, path[0], 1, 0, None, 0, "", findings, split, file_format, 8, 8)


ENTRIES = [
    _entry("a/1", "train", "PNG", ("alpha", "x"), ("palette", "y")),
    _entry("a/2", "train", "JPEG"),
    _entry("b/3", "test", "GIF", ("animated", "z")),
    _entry("b/4", None, "BMP", ("corrupt", "w")),
]
FINDINGS = [("a/1", "alpha", "x"), ("a/1", "palette", "y"), ("b/3", "animated", "z"), ("b/4", "corrupt", "w")]


def test_counts_what_is_used() -> None:
    summary = summarize(ENTRIES, {})
    assert summary.counts == {("train", "a"): 2, ("test", "b"): 1}
    assert summary.statistics.result().formats == {"GIF": 1, "JPEG": 1, "PNG": 1}
    assert summary.findings == FINDINGS


def test_counts_images_where_they_were_put() -> None:
    summary = summarize(ENTRIES, {"a/2": "eval", "b/3": None, "elsewhere": "test"})
    assert summary.counts == {("train", "a"): 1, ("eval", "a"): 1}
    assert summary.statistics.result().formats == {"JPEG": 1, "PNG": 1}
    # What is left out is told of all the same.
    assert summary.findings == FINDINGS


def test_units_add_up() -> None:
    total = UnitSummary()
    for unit in (ENTRIES[:1], ENTRIES[1:2], ENTRIES[2:]):
        total.add(summarize(unit, {}))
    whole = summarize(ENTRIES, {})
    assert (total.counts, total.findings) == (whole.counts, whole.findings)
    assert total.statistics.result() == whole.statistics.result()
