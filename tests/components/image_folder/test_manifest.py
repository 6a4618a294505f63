from __future__ import annotations

from pathlib import Path

from components.image_folder.manifest import Entry, Record, read_manifest, write_manifest
from components.image_folder.measures import Measures

MEASURES = Measures(*(number + 0.25 for number in range(12)))
ENTRIES = [
    Entry("a/größe\n.jpg", "a", 9, 1_700_000_000_123_456_789, "train", 3),
    Entry("a/caf\udce9.jpg", "a", 9, 5, None, 0, "ab" * 32, (("corrupt", "cut"), ("palette", "few"))),
    Entry(
        "b/1.png", "b", 9, 5, None, 1, "cd" * 32, (), "eval", "PNG", 4, 5, MEASURES, "ef" * 32,
        Record("eval", 12, 34),
    ),
]  # fmt: skip


def test_entries_come_back_as_they_were_written(tmp_path: Path) -> None:
    path = tmp_path / "manifest" / "00000.jsonl"
    write_manifest(path, ENTRIES)
    back = list(read_manifest(path))
    assert back == ENTRIES
    assert [type(back[2].measures), type(back[2].record)] == [Measures, Record]
    assert path.read_bytes().count(b"\n") == len(ENTRIES)  # a line each
    assert list(path.parent.iterdir()) == [path]
