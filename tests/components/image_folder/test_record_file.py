from __future__ import annotations

from pathlib import Path

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
