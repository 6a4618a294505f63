from __future__ import annotations

import pytest

from components.image_folder.image_header import ImageHeader, read_header
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
