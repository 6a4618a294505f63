"""Kinds of image files that Pillow does not write, put together byte by byte."""

from __future__ import annotations

import struct
from collections.abc import Sequence

from tests.hazard_images import jpeg, png_chunk

# Red, green, blue, gray: as rows of a colour table.
GIF_TABLE = bytes((255, 0, 0, 0, 255, 0, 0, 0, 255, 90, 90, 90))


def bmp_file(
    size: tuple[int, int],
    bits: int,
    pixels: bytes,
    table: bytes = b"",
    *,
    compression: int = 0,
    colours: int = 0,
    header_size: int = 40,
    rest: bytes = b"",
) -> bytes:
    """A BMP of those rows; `rest` fills a header of more than 40 bytes, `table` follows it."""
    if header_size == 12:
        header = struct.pack("<IHHHH", 12, *size, 1, bits)
    else:
        header = struct.pack(
            "<IiiHHIIiiII", header_size, *size, 1, bits, compression, len(pixels), 0, 0, colours, 0
        ) + rest.ljust(header_size - 40, b"\0")
    start = 14 + len(header) + len(table)
    return b"BM" + struct.pack("<IHHI", start + len(pixels), 0, 0, start) + header + table + pixels


def gif_file(
    screen: tuple[int, int],
    frames: Sequence[tuple[int, int, int, int]],
    *,
    table: bytes = GIF_TABLE,
    local_table: bytes = b"",
    transparent: int | None = None,
) -> bytes:
    """A GIF with frames at (left, top, width, height), whose pixels run through the four colours."""
    parts = [b"GIF89a", struct.pack("<HHBBB", *screen, 0x81 if table else 0x01, 0, 0), table]
    for left, top, width, height in frames:
        if transparent is not None:
            parts.append(b"\x21\xf9\x04\x01\0\0" + bytes([transparent]) + b"\0")
        parts.append(b"\x2c" + struct.pack("<HHHHB", left, top, width, height, 0x81 if local_table else 0))
        parts.append(local_table)
        codes = _gif_codes(width * height)
        blocks = [codes[start : start + 255] for start in range(0, len(codes), 255)]
        parts += [b"\x02", *(bytes([len(block)]) + block for block in blocks), b"\0"]
    return b"".join(parts) + b"\x3b"


def _gif_codes(pixels: int) -> bytes:
    """LZW of 3 bits a code; clearing the table (code 4) after every other pixel keeps it at that."""
    codes: list[int] = []
    for pixel in range(pixels):
        codes += [4, pixel % 4] if pixel % 2 == 0 else [pixel % 4]
    value = sum(code << 3 * place for place, code in enumerate([*codes, 5]))
    return value.to_bytes((3 * len(codes) + 3 + 7) // 8, "little")


def tiff_file(tags: Sequence[tuple[int, int, int]], pixels: bytes, order: str = "<") -> bytes:
    """A TIFF of one strip; tags are (number, type 3 or 4, value), strip offset and length are added."""
    entries = sorted([*tags, (273, 4, 8 + 2 + 12 * (len(tags) + 2) + 4), (279, 4, len(pixels))])
    packed = [
        struct.pack(order + ("HHII" if kind == 4 else "HHIHxx"), number, kind, 1, value)
        for number, kind, value in entries
    ]
    begin = struct.pack(order + "2sHIH", b"II" if order == "<" else b"MM", 42, 8, len(entries))
    return begin + b"".join(packed) + bytes(4) + pixels


def png_file(
    size: tuple[int, int],
    bits: int,
    colour: int,
    chunks: Sequence[tuple[bytes, bytes]],
    *,
    interlace: int = 0,
) -> bytes:
    """A PNG of those chunks behind its header."""
    header = struct.pack(">IIBBBBB", *size, bits, colour, 0, 0, interlace)
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        png_chunk(name, content) for name, content in ((b"IHDR", header), *chunks, (b"IEND", b""))
    )


def jpeg_with_frame(
    marker: int, bits: int = 8, height: int = 48, width: int = 64, channels: int = 3
) -> bytes:
    """A JPEG whose frame header says so."""
    data = jpeg(0)
    start = data.index(b"\xff\xc0")
    header = struct.pack(">BBHBHHB", 0xFF, marker, 8 + 3 * channels, bits, height, width, channels)
    return data[:start] + header + bytes(3 * channels) + data[start + 19 :]


def png_with(offset: int, field: bytes, name: bytes = b"IHDR") -> bytes:
    """A PNG of no pixels, with other bytes somewhere in its header, or with a header of another name."""
    header = bytearray(struct.pack(">IIBBBBB", 5, 3, 8, 2, 0, 0, 0))
    header[offset : offset + len(field)] = field
    chunks = ((name, bytes(header)), (b"IDAT", b""), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(png_chunk(*chunk) for chunk in chunks)


def first_box(*brands: bytes) -> bytes:
    """The first box of a film, or of an image stored like one: its own brand, a version, the others."""
    first, *others = brands
    return struct.pack(">I4s4sI", 16 + 4 * len(others), b"ftyp", first, 0) + b"".join(others)
