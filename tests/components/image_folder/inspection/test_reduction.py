from __future__ import annotations

import numpy as np
import pytest

from components.image_folder.headers.image_header import ImageHeader
from components.image_folder.inspection.reduction import decoder_ratio, reduced, reduction


@pytest.mark.parametrize(
    ("shorter", "ratio"),
    [(1, 1), (64, 1), (127, 1), (128, 2), (255, 2), (256, 4), (511, 4), (512, 8), (9000, 8)],
)
def test_a_jpeg_is_decoded_as_small_as_its_shorter_side_allows(shorter: int, ratio: int) -> None:
    for size in ((shorter, 9000), (9000, shorter)):
        assert decoder_ratio(ImageHeader("JPEG", *size, 3)) == ratio
        assert decoder_ratio(ImageHeader("PNG", *size, 3)) == 0


def test_what_is_small_enough_is_not_touched() -> None:
    pixels = np.zeros((127, 300, 3), np.uint8)
    assert reduced(pixels, ImageHeader("PNG", 300, 127, 3)) is pixels


def test_blocks_are_averaged_and_so_is_what_is_left_over() -> None:
    """Three times three pixels to a block: red in the first row of each, green in the first column."""
    pixels = np.zeros((3 * 64 + 2, 3 * 70 + 1, 3), np.uint8)
    pixels[: 3 * 64 : 3, : 3 * 70, 0] = 255
    pixels[: 3 * 64, : 3 * 70 : 3, 1] = 255
    pixels[3 * 64 :] = pixels[:, 3 * 70 :] = 20
    blocks = reduced(pixels, ImageHeader("PNG", 3 * 70 + 1, 3 * 64 + 2, 3))
    assert blocks.shape == (65, 71, 3)
    assert np.array_equal(blocks[:64, :70], np.full((64, 70, 3), (85, 85, 0)))
    assert np.all(blocks[64:] == 20) and np.all(blocks[:, 70:] == 20)


@pytest.mark.parametrize(
    ("image_format", "shorter", "pixels"),
    [
        ("PNG", 127, 1),
        ("PNG", 200, 3),
        ("JPEG", 200, 2),
        ("PNG", 900, 14),
        ("JPEG", 900, 8),
        ("JPEG", 2000, 24),
    ],
)
def test_tells_by_how_much_an_image_is_reduced(image_format: str, shorter: int, pixels: int) -> None:
    assert reduction(ImageHeader(image_format, shorter, 9000, 3)) == pixels


def test_of_a_jpeg_its_decoder_has_done_part_of_it() -> None:
    pixels = np.zeros((128, 150, 3), np.uint8)
    assert reduced(pixels, ImageHeader("JPEG", 1200, 1024, 3)).shape == (64, 75, 3)
    assert reduced(pixels, ImageHeader("JPEG", 1200, 1023, 3)) is pixels
