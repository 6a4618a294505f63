from __future__ import annotations

import itertools
import os
from pathlib import Path

import pytest
import tensorflow as tf

from components.image_folder.record_file import RecordWriter, is_whole

RECORDS = [(b"one",), (b"", b"two", b"parts"), (b"",), (bytes(range(256)) * 500,)]


def _read(path: Path) -> list[bytes]:
    return list(tf.data.TFRecordDataset(str(path)).as_numpy_iterator())


def test_tensorflow_reads_the_records_and_writes_the_same_bytes(tmp_path: Path) -> None:
    with RecordWriter(tmp_path / "new" / "ours") as writer:
        spans = [writer.write(parts) for parts in RECORDS]
    with tf.io.TFRecordWriter(str(tmp_path / "theirs")) as theirs:
        for parts in RECORDS:
            theirs.write(b"".join(parts))
    data = (tmp_path / "new" / "ours").read_bytes()
    assert data == (tmp_path / "theirs").read_bytes()
    assert _read(tmp_path / "new" / "ours") == [b"".join(parts) for parts in RECORDS]
    assert spans[0] == (0, 19)
    assert sum(length for _, length in spans) == len(data)


def test_records_are_copied_without_being_read(tmp_path: Path) -> None:
    with RecordWriter(tmp_path / "one") as writer:
        spans = [writer.write(parts) for parts in RECORDS]
    data = (tmp_path / "one").read_bytes()
    with RecordWriter(tmp_path / "two") as writer:
        for offset, length in reversed(spans):
            writer.copy(data[offset : offset + length])
    assert _read(tmp_path / "two") == [b"".join(parts) for parts in reversed(RECORDS)]


def test_every_damaged_byte_is_noticed(tmp_path: Path) -> None:
    with RecordWriter(tmp_path / "one") as writer:
        writer.write((b"some data",))
    framed = (tmp_path / "one").read_bytes()
    assert is_whole(framed)
    for position in range(len(framed)):
        damaged = bytearray(framed)
        damaged[position] ^= 1
        assert not is_whole(bytes(damaged)), position
        assert not is_whole(framed[:position]), position
    assert not is_whole(framed + b"x")


def test_writes_that_the_system_cuts_short_are_gone_on_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with RecordWriter(tmp_path / "at once") as writer:
        for parts in RECORDS:
            writer.write(parts)
    sizes = itertools.cycle((1, 7, 50_000))
    with monkeypatch.context() as patched:
        patched.setattr(os, "writev", lambda file, parts: os.write(file, b"".join(parts)[: next(sizes)]))
        with RecordWriter(tmp_path / "bit by bit") as writer:
            for parts in RECORDS:
                writer.write(parts)
    assert (tmp_path / "bit by bit").read_bytes() == (tmp_path / "at once").read_bytes()


def test_what_is_written_does_not_wait_in_memory(tmp_path: Path) -> None:
    path = tmp_path / "large"
    with RecordWriter(path) as writer:
        for _ in range(5):
            writer.write((bytes(2**20),))
        assert path.stat().st_size >= 5 * 2**20
        for _ in range(2000):
            writer.write((b"small",))
        assert path.stat().st_size > 5 * 2**20 + 1000 * 20
    assert [len(record) for record in _read(path)] == [2**20] * 5 + [5] * 2000


def test_nothing_is_left_of_a_longer_file(tmp_path: Path) -> None:
    (tmp_path / "one").write_bytes(bytes(1000))
    with RecordWriter(tmp_path / "one") as writer:
        writer.write((b"short",))
    assert _read(tmp_path / "one") == [b"short"]


def test_after_an_error_nothing_more_is_written(tmp_path: Path) -> None:
    writer = RecordWriter(tmp_path / "one")
    writer.write((b"waits",))
    writer.__exit__(ValueError, ValueError("in between"), None)
    assert (tmp_path / "one").read_bytes() == b""
