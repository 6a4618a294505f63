from __future__ import annotations

import struct

import pytest

from components.image_folder.headers.image_header import ImageHeader, read_header
from tests.handmade_images import tiff_file


@pytest.mark.parametrize(("side", "tile"), [(4, 4096), (6000, 6016), (1, 16)])
def test_tiles_may_reach_beyond_the_image(side: int, tile: int) -> None:
    tags = [(256, 3, side), (257, 3, side), (258, 3, 8), (322, 3, tile), (323, 3, tile)]
    header = read_header(tiff_file(tags, bytes(4)))
    assert header == ImageHeader("TIFF", side, side, 1, decodable=False)


def test_a_tag_without_a_value_is_as_good_as_absent() -> None:
    data = tiff_file([(256, 3, 4), (257, 3, 1), (258, 3, 8), (274, 3, 6)], bytes(4))
    assert read_header(data).orientation == 6
    assert read_header(data.replace(b"\x12\x01\3\0\1", b"\x12\x01\3\0\0")).orientation == 1


def test_a_value_may_be_of_any_whole_type_and_others_are_passed_over() -> None:
    data = tiff_file([(256, 3, 4), (257, 3, 1), (258, 3, 8), (274, 3, 6)], bytes(4))
    for kind, orientation in ((1, 6), (3, 6), (4, 6), (2, 1), (12, 1)):
        changed = data.replace(b"\x12\x01\3\0", struct.pack("<HH", 274, kind))
        assert read_header(changed).orientation == orientation, kind


@pytest.mark.parametrize(
    ("tag", "value", "expected"),
    [
        (258, 1, ImageHeader("TIFF", 4, 1, 1, bits=1, decodable=False)),
        (258, 16, ImageHeader("TIFF", 4, 1, 1, bits=16, decodable=False)),
        (262, 3, ImageHeader("TIFF", 4, 1, 1, bits=8, palette=True, decodable=False)),
        (338, 0, ImageHeader("TIFF", 4, 1, 1, bits=1, decodable=False)),
        (338, 1, ImageHeader("TIFF", 4, 1, 1, bits=1, alpha=True, decodable=False)),
        (338, 2, ImageHeader("TIFF", 4, 1, 1, bits=1, alpha=True, decodable=False)),
        (305, 1, ImageHeader("TIFF", 4, 1, 1, bits=1, decodable=False)),
        # A page, and a mask, of the full size.
        (254, 2, ImageHeader("TIFF", 4, 1, 1, bits=1, decodable=False)),
        (254, 4, ImageHeader("TIFF", 4, 1, 1, bits=1, decodable=False)),
    ],
)
def test_one_bit_is_meant_unless_it_says_otherwise(tag: int, value: int, expected: ImageHeader) -> None:
    assert read_header(tiff_file([(256, 3, 4), (257, 3, 1), (tag, 3, value)], bytes(4))) == expected


@pytest.mark.parametrize("offset", [8, 1 << 16])
def test_another_page_may_lie_far_away(offset: int) -> None:
    tags = [(256, 3, 4), (257, 3, 1), (258, 3, 8)]
    data = tiff_file(tags, bytes(4))
    assert not read_header(data).animated
    assert read_header(data[:-8] + struct.pack("<I", offset) + data[-4:]).animated
