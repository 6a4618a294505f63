from __future__ import annotations

import os
from pathlib import Path

import pytest

from components.whole_file import write_whole


def test_a_file_is_replaced_and_nothing_lies_beside_it(tmp_path: Path) -> None:
    write_whole(tmp_path / "file", b"before")
    write_whole(tmp_path / "file", b"now")
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"file": b"now"}


def test_what_cannot_be_put_in_place_leaves_no_trace(tmp_path: Path) -> None:
    (tmp_path / "taken" / "by").mkdir(parents=True)
    with pytest.raises(IsADirectoryError):
        write_whole(tmp_path / "taken", b"now")
    assert [path.name for path in tmp_path.iterdir()] == ["taken"]


def test_whoever_writes_at_the_same_time_is_not_in_the_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other one is just about to put its file in place when this one does."""
    replace, others = Path.replace, [b"theirs"]

    def meanwhile(self: Path, target: Path) -> Path:
        if others:
            write_whole(tmp_path / "file", others.pop())
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", meanwhile)
    write_whole(tmp_path / "file", b"ours")
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"file": b"ours"}


def test_what_is_put_in_place_is_on_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    on_disk: list[int] = []
    flush, replace = os.fsync, Path.replace

    def flushed(descriptor: int) -> None:
        flush(descriptor)
        on_disk.append(os.fstat(descriptor).st_size)

    def replaced(self: Path, target: Path) -> Path:
        assert on_disk == [self.stat().st_size] == [3]
        return replace(self, target)

    monkeypatch.setattr(os, "fsync", flushed)
    monkeypatch.setattr(Path, "replace", replaced)
    write_whole(tmp_path / "file", b"now")
    assert (tmp_path / "file").read_bytes() == b"now"
