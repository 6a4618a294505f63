from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
import tensorflow as tf

from components.image_folder.headers.image_header import ImageHeader, UnusableImageError, read_header
from components.image_folder.inspection.reduced_decoding import decode_reduced
from components.image_folder.inspection.reduction import Pixels
from tests import hazard_images as hazards


def _decoded(*files: bytes) -> list[np.ndarray | str]:
    """Pixels, or the kind of what is wrong."""
    images = decode_reduced([(file, read_header(file)) for file in files])
    return [one.kind if isinstance(one, UnusableImageError) else one for one in images]


@pytest.mark.parametrize("size", [(127, 64), (300, 128), (90, 1100), (1030, 700), (2000, 1000), (1024, 1100)])
def test_the_shorter_side_keeps_64_to_127_pixels(size: tuple[int, int]) -> None:
    for data in (hazards.jpeg(1, size), hazards.png(1, size)):
        (pixels,) = _decoded(data)
        assert isinstance(pixels, np.ndarray)
        height, width, channels = pixels.shape
        assert (pixels.dtype, channels) == (np.uint8, 3)
        assert 64 <= min(height, width) < 128
        assert width / height == pytest.approx(size[0] / size[1], rel=0.05)


def test_small_images_are_decoded_as_training_decodes_them() -> None:
    files = [hazards.jpeg(1), hazards.png(2), hazards.gray_jpeg(3), hazards.gif(4), hazards.bmp(5)]
    for file, pixels in zip(files, _decoded(*files), strict=True):
        assert np.array_equal(pixels, tf.io.decode_image(file, channels=3, expand_animations=False))


def test_only_what_is_left_is_asked_for_and_takes_its_place() -> None:
    files = [
        hazards.jpeg(1),
        hazards.png(2),
        hazards.truncated_jpeg(3),
        hazards.cmyk_jpeg(4),
        hazards.jpeg(5),
    ]
    images = [(file, read_header(file)) for file in files]
    answers = [np.full((2, 2, 3), 7, np.uint8), UnusableImageError("corrupt", "refused")]

    def ask(asked: Sequence[tuple[bytes, ImageHeader]]) -> list[Pixels | UnusableImageError]:
        assert asked == [images[1], images[3]]
        return [*answers]

    decoded = decode_reduced(images, ask)
    assert decoded[1] is answers[0]
    assert decoded[3] is answers[1]
    assert [getattr(decoded[place], "shape", None) for place in (0, 2, 4)] == [(48, 64, 3), None, (48, 64, 3)]
    (alone,) = decode_reduced(images[:1], lambda asked: pytest.fail("there is nothing to ask for"))
    assert np.array_equal(alone, decoded[0])


@pytest.mark.parametrize("count", [1, 3, 4, 5, 16, 23, 37])
def test_many_at_a_time_come_out_as_one_by_one(count: int) -> None:
    sizes = ((70, 70), (140, 150), (300, 260), (600, 520))
    files = [
        hazards.png(number, (64, 64)) if number % 7 == 3 else hazards.jpeg(number, sizes[number % 4])
        for number in range(count)
    ]
    together = _decoded(*files)
    for file, pixels in zip(files, together, strict=True):
        assert np.array_equal(pixels, _decoded(file)[0])


def test_of_many_only_the_damaged_ones_are_refused() -> None:
    files = [hazards.jpeg(number) for number in range(16)]
    files[3], files[11] = hazards.truncated_jpeg(3), hazards.truncated_jpeg(11, share=0.97)
    files.append(hazards.corrupt_png(1))
    decoded = _decoded(*files)
    assert [position for position, one in enumerate(decoded) if isinstance(one, str)] == [3, 11, 16]
    assert {one for one in decoded if isinstance(one, str)} == {"corrupt"}


@pytest.mark.parametrize("share", [0.3, 0.7, 0.95])
@pytest.mark.parametrize("side", [64, 300, 600, 1100])
def test_a_jpeg_cut_anywhere_is_found_at_every_scale(side: int, share: float) -> None:
    data = hazards.jpeg(1, (side, side))
    cut = data[: int(len(data) * share)]
    assert _decoded(cut) == ["corrupt"]
