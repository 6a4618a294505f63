"""The orientation in a block of Exif."""

from __future__ import annotations

from struct import unpack_from


def exif_orientation(data: bytes, start: int, end: int) -> int:
    """The orientation in an Exif block at data[start:end]: tag 0x0112, type SHORT, of the first directory."""
    if data.startswith(b"Exif\0\0", start):
        start += 6
    if end - start < 10:
        return 1
    if data.startswith(b"II*\0", start):
        order, entry = "<", b"\x12\x01\x03\x00"
    elif data.startswith(b"MM\0*", start):
        order, entry = ">", b"\x01\x12\x00\x03"
    else:
        return 1
    directory = start + unpack_from(order + "I", data, start + 4)[0]
    if directory + 2 > end:
        return 1
    first = directory + 2
    last = min(first + 12 * unpack_from(order + "H", data, directory)[0], end - 11)
    for position in range(first, last, 12):
        if data.startswith(entry, position):
            return valid_orientation(unpack_from(order + "H", data, position + 8)[0])
    return 1


def valid_orientation(value: int) -> int:
    """The value, if it is one of the eight orientations, and else 1."""
    return value if 1 <= value <= 8 else 1
