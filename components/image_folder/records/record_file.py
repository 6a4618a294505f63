"""TFRecord files whose records can be found again, and copied without being read.

The format is that of https://www.tensorflow.org/tutorials/load_data/tfrecord#tfrecords_format_details:
length, masked CRC of the length, data, masked CRC of the data. TensorFlow's own
writer does not tell where a record begins, and takes the data in one piece only.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Final

import google_crc32c

_HEADER: Final = struct.Struct("<QI")
_LENGTH: Final = struct.Struct("<Q")
_CRC: Final = struct.Struct("<I")
_MASK: Final = 0xA282EAD8
# What is written at a time: enough that a system call costs nothing, and no more parts than one takes.
_BATCH_BYTES: Final = 2**20
_BATCH_PARTS: Final = 1000


class RecordWriter:
    """Writes uncompressed TFRecords to a new file; a context manager."""

    def __init__(self, path: Path) -> None:
        """Creates the file, and its folder where there is none."""
        path.parent.mkdir(parents=True, exist_ok=True)
        self._descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o666)
        self._position = 0
        self._waiting: list[bytes] = []
        self._written = 0

    def __enter__(self) -> RecordWriter:
        """Returns itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Closes the file; raises OSError when what is left cannot be written."""
        try:
            if error is None:
                self._write_out()
        finally:
            os.close(self._descriptor)

    def write(self, parts: Sequence[bytes]) -> tuple[int, int]:
        """Appends one record, whose data is the parts one after another.

        Returns:
            Where it begins and how long it is in the file, in bytes, with framing.
        """
        length, crc = 0, 0
        for part in parts:
            length += len(part)
            crc = google_crc32c.extend(crc, part)
        header = _HEADER.pack(length, _masked(google_crc32c.value(_LENGTH.pack(length))))
        self._waiting += (header, *parts, _CRC.pack(_masked(crc)))
        return self._advance(_HEADER.size + length + _CRC.size)

    def copy(self, framed: bytes) -> tuple[int, int]:
        """Appends a record as it lies in another file; returns what `write` returns."""
        self._waiting.append(framed)
        return self._advance(len(framed))

    def _advance(self, length: int) -> tuple[int, int]:
        offset = self._position
        self._position += length
        if self._position - self._written >= _BATCH_BYTES or len(self._waiting) >= _BATCH_PARTS:
            self._write_out()
        return offset, length

    def _write_out(self) -> None:
        """Hands what is waiting over to the system, without putting it together first."""
        while self._waiting:
            written = os.writev(self._descriptor, self._waiting)
            self._written += written
            # All of it, unless the disk is full or a signal came in between.
            self._waiting = [b"".join(self._waiting)[written:]] if self._written < self._position else []


def is_whole(framed: bytes) -> bool:
    """Whether the bytes are exactly one record with right checksums."""
    if len(framed) < _HEADER.size + _CRC.size:
        return False
    length, header_crc = _HEADER.unpack_from(framed)
    data = framed[_HEADER.size : -_CRC.size]
    return (
        length == len(data)
        and header_crc == _masked(google_crc32c.value(framed[: _LENGTH.size]))
        and _CRC.unpack(framed[-_CRC.size :])[0] == _masked(google_crc32c.value(data))
    )


def _masked(crc: int) -> int:
    return ((crc >> 15 | crc << 17) + _MASK) & 0xFFFFFFFF
