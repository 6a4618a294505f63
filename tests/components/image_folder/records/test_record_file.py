from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
import tensorflow as tf

from components.image_folder.records import record_file
from components.image_folder.records.record_file import RecordWriter, is_whole

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
        copied = [writer.copy(data[offset : offset + length]) for offset, length in reversed(spans)]
    assert [(tmp_path / "two").read_bytes()[start : start + length] for start, length in copied] == [
        data[start : start + length] for start, length in reversed(spans)
    ]
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
    with RecordWriter(tmp_path / "none") as writer:
        writer.write(())
    assert is_whole((tmp_path / "none").read_bytes())


def test_a_record_of_another_length_than_it_says_is_not_whole(tmp_path: Path) -> None:
    """Both checksums are right."""
    with RecordWriter(tmp_path / "one") as writer:
        spans = [writer.write((data,)) for data in (b"short", b"much longer")]
    short, longer = ((tmp_path / "one").read_bytes()[start : start + length] for start, length in spans)
    assert not is_whole(short[:12] + longer[12:])
    assert not is_whole(longer[:12] + short[12:])


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many bytes each system call took."""
    taken: list[int] = []
    writev = os.writev

    def noted(descriptor: int, parts: Sequence[bytes]) -> int:
        taken.append(writev(descriptor, parts))
        return taken[-1]

    monkeypatch.setattr(os, "writev", noted)
    return taken


@pytest.mark.parametrize(
    ("size", "count", "calls_at_most"), [(0, 5000, 20), (10, 5000, 20), (100_000, 40, 4), (3_000_000, 3, 4)]
)
def test_records_are_written_many_at_a_time_and_soon(
    tmp_path: Path, calls: list[int], size: int, count: int, calls_at_most: int
) -> None:
    records = [bytes([number % 256]) * size for number in range(count)]
    with RecordWriter(tmp_path / "file") as writer:
        for number, record in enumerate(records):
            end = sum(writer.write((record[:7], record[7:])))
            assert end == (number + 1) * (size + 16)
            assert end - (tmp_path / "file").stat().st_size < 2**20
    assert _read(tmp_path / "file") == records
    assert len(calls) <= calls_at_most


@pytest.mark.parametrize(
    "share",
    [lambda size: 1 + size // 2, lambda size: max(1, size - 1), lambda size: min(size, 5)],
    ids=["half", "all but one", "five"],
)
def test_a_system_call_that_writes_less_than_it_is_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, share: Callable[[int], int]
) -> None:
    records = [(b"one",), (b"", b"two", b"parts"), (b"",), (bytes(range(256)) * 20,)] * 3
    with RecordWriter(tmp_path / "whole") as writer:
        spans = [writer.write(parts) for parts in records]
    writev = os.writev

    def partial(descriptor: int, parts: Sequence[bytes]) -> int:
        data = b"".join(parts)
        return writev(descriptor, [data[: share(len(data))]])

    monkeypatch.setattr(os, "writev", partial)
    monkeypatch.setattr(record_file, "_BATCH_BYTES", 3000)
    with RecordWriter(tmp_path / "pieces") as writer:
        assert [writer.write(parts) for parts in records] == spans
    assert (tmp_path / "pieces").read_bytes() == (tmp_path / "whole").read_bytes()


def test_a_file_is_replaced_and_open_to_whom_the_umask_says(tmp_path: Path) -> None:
    (tmp_path / "deep" / "new").mkdir(parents=True)
    (tmp_path / "deep" / "new" / "file").write_bytes(bytes(1000))
    for folder in ("deep/new", "deeper/still/new"):
        with RecordWriter(tmp_path / folder / "file") as writer:
            writer.write((b"one",))
        assert _read(tmp_path / folder / "file") == [b"one"]
    (tmp_path / "other").touch()
    assert (tmp_path / "deeper/still/new/file").stat().st_mode == (tmp_path / "other").stat().st_mode


def _open_files() -> int:
    return len(os.listdir("/proc/self/fd"))  # noqa: PTH208


def test_nothing_is_left_open_and_a_failure_is_not_written_on(tmp_path: Path) -> None:
    before = _open_files()
    with RecordWriter(tmp_path / "one") as writer:
        writer.write((b"one",))
    with pytest.raises(TypeError), RecordWriter(tmp_path / "two") as writer:
        writer.write([b"one", *writer.write((b"one",))])  # type: ignore[list-item]
    assert (tmp_path / "two").read_bytes() == b""
    with pytest.raises(OSError, match="No space left"), RecordWriter(Path("/dev/full")) as writer:
        writer.write((b"one",))
    assert _open_files() == before
