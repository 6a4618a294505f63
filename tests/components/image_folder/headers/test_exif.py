from __future__ import annotations

import struct

import pytest

from components.image_folder.headers.image_header import ImageHeader, read_header
from tests import hazard_images as hazards


@pytest.mark.parametrize(
    "block",
    [
        hazards.exif_block(6).replace(b"\x12\x01\x03\0", b"\x12\x01\x04\0"),  # type LONG
        hazards.exif_block(6).replace(b"\x12\x01\x03\0", b"\x13\x01\x03\0"),  # another tag
        hazards.exif_block(6).replace(b"II*\0\x08", b"II*\0\xff"),  # a directory outside of the block
        hazards.exif_block(6).replace(b"II*\0\x08\0\0\0\2", b"II*\0\x08\0\0\0\1"),  # one entry fewer
        hazards.exif_block(6).replace(b"II*\0", b"IJ*\0"),
        hazards.exif_block(6, ">").replace(b"MM\0*", b"MM*\0"),
        # What looks like the entry does not begin where an entry does.
        b"Exif\0\0II*\0\x08\0\0\0" + struct.pack("<HHHIIHHII", 2, 1, 2, 4, 0x30112, 2, 2, 6, 0),
        hazards.exif_block(6)[:36],  # cut off within the entry
        b"Exif\0\0II*\0",
    ],
)
def test_broken_exif_means_upright(block: bytes) -> None:
    assert read_header(hazards.encoded(hazards.scene(0), "JPEG", exif=block)) == ImageHeader(
        "JPEG", 64, 48, 3
    )


@pytest.mark.parametrize("length", [2 + 6 + 8, 2 + 6 + 9, 2 + 6 + 10 + 12, 2 + 6 + 10 + 12 + 11])
def test_exif_ends_where_its_segment_ends(length: int) -> None:
    data = hazards.exif_jpeg(6, 0)
    start = data.index(b"\xff\xe1") + 2
    assert read_header(data).orientation == 6
    assert read_header(data[:start] + struct.pack(">H", length) + data[start + 2 :]).orientation == 1


def test_nothing_has_to_follow_the_entry() -> None:
    block = hazards.exif_block(6)[: 6 + 8 + 2 + 2 * 12]
    assert read_header(hazards.encoded(hazards.scene(0), "JPEG", exif=block)).orientation == 6


@pytest.mark.parametrize(("length", "orientation"), [(10 + 12 + 11, 1), (10 + 12 + 12, 6)])
def test_exif_ends_where_its_chunk_ends(length: int, orientation: int) -> None:
    block = hazards.exif_block(6)[6:]
    png = hazards.png(0)
    chunk = hazards.png_chunk(b"eXIf", block[:length]) + hazards.png_chunk(b"teXt", block)
    assert read_header(png[:33] + chunk + png[33:]).orientation == orientation
    webp = hazards.animated_webp(0)
    # Flagged in the header, and behind a chunk of odd length.
    webp = webp[:20] + bytes([webp[20] | 8]) + webp[21:] + struct.pack("<4sI2x", b"XMP ", 1)
    chunk = struct.pack("<4sI", b"EXIF", length) + block
    assert read_header(webp + chunk).orientation == orientation


def test_exif_of_which_the_header_of_a_webp_says_nothing() -> None:
    data = hazards.encoded(hazards.scene(0), "WEBP", exif=hazards.exif_block(6))
    assert read_header(data).orientation == 6
    assert read_header(data[:20] + bytes([data[20] & ~8]) + data[21:]).orientation == 1


@pytest.mark.parametrize("content", [b"II*\0", b"II*\0\xff\0\0\0\0\0", b"II*\0\x08\0\0\0\1\0\x12\x01\x03\0"])
def test_exif_at_the_end_of_a_cut_off_file_means_upright(content: bytes) -> None:
    chunk = struct.pack(">I", 100) + b"eXIf" + content
    assert read_header(hazards.png(0)[:-12] + chunk) == ImageHeader("PNG", 64, 48, 3)
    webp = hazards.animated_webp(0)
    webp = webp[:20] + bytes([webp[20] | 8]) + webp[21:] + struct.pack("<4sI", b"EXIF", 100) + content
    assert read_header(webp).orientation == 1


def test_of_two_exif_blocks_the_first_counts() -> None:
    data = hazards.exif_jpeg(3, 0)
    block = hazards.exif_block(6)
    second = b"\xff\xe1" + struct.pack(">H", 2 + len(block)) + block
    start = data.index(b"\xff\xdb")
    assert read_header(data[:start] + second + data[start:]).orientation == 3
    assert read_header(data[:2] + second + data[2:]).orientation == 6
    first, last = (hazards.png_chunk(b"eXIf", hazards.exif_block(number)[6:]) for number in (3, 6))
    png = hazards.png(0)
    assert read_header(png[:33] + first + last + png[33:]).orientation == 3
    assert read_header(png + last).orientation == 1  # behind the end


def test_what_is_no_exif_in_its_segment_is_passed_over() -> None:
    data = hazards.exif_jpeg(6, 0)
    content = b"http://ns.adobe.com/xap/1.0/\0<x:xmpmeta/>"
    other = b"\xff\xe1" + struct.pack(">H", 2 + len(content)) + content
    assert read_header(data[:2] + other + data[2:]).orientation == 6
