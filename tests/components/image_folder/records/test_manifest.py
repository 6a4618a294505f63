from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from components.image_folder.records.manifest import Entry, Record, read_manifest, write_manifest
from components.image_folder.records.measures import Measures

UNUSED = Entry("a/1.jpg", "a", 0, 17, None, 0, findings=(("empty", "the file is empty"),))
USED = Entry(
    "b/2.png",
    "b",
    5,
    18,
    "test",
    1,
    "ab" * 32,
    (("alpha", "transparency"), ("palette", "colours")),
    "test",
    "PNG",
    30,
    20,
    Measures(*(0.5 + number for number in range(12))),
    "cd" * 32,
    Record("test", 7, 99),
)
PLAIN = Entry("b/3.png", "b", 5, 18, None, 1, "ef" * 32, split="train", format="PNG", width=1, height=1)
# A name that is not UTF-8, with something of each kind beside it; one with a line break; one beyond ASCII.
NAMES = (os.fsdecode(b"b/caf\xe9.png"), "b/two\nlines.png", "b/caf\u00e9.png")


def test_reads_back_what_was_written(tmp_path: Path) -> None:
    entries = [UNUSED, USED, PLAIN, *(USED._replace(path=name) for name in NAMES)]
    for _ in range(2):  # into a new folder, and over an old file
        write_manifest(tmp_path / "deep" / "new" / "0.jsonl", entries)
    found = list(read_manifest(tmp_path / "deep" / "new" / "0.jsonl"))
    assert found == entries
    for entry, expected in zip(found, entries, strict=True):
        assert type(entry) is Entry
        for value, other in zip(entry, expected, strict=True):
            assert type(value) is type(other)
        assert all(type(finding) is tuple for finding in entry.findings)


def test_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    def broken() -> Iterator[Entry]:
        yield USED
        raise OSError("the disk is full")

    path = tmp_path / "0.jsonl"
    with pytest.raises(OSError, match="full"):
        write_manifest(path, broken())
    assert not path.exists()
    write_manifest(path, [UNUSED])
    with pytest.raises(OSError, match="full"):
        write_manifest(path, broken())
    assert list(read_manifest(path)) == [UNUSED]


def test_another_record() -> None:
    elsewhere = Record("eval", 1, 2)
    assert USED.with_record(elsewhere) == USED._replace(record=elsewhere)
    assert USED.with_record(None) == USED._replace(record=None)
