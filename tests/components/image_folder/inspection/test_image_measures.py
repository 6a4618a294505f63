from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np
import pytest
from PIL import Image, ImageOps

from components.image_folder.headers.image_header import read_header
from components.image_folder.inspection.image_measures import measure
from components.image_folder.inspection.reduced_decoding import decode_reduced
from components.image_folder.records.measures import Measures
from tests import hazard_images as hazards


def _measured(data: bytes) -> tuple[Measures, str]:
    header = read_header(data)
    (pixels,) = decode_reduced([(data, header)])
    assert isinstance(pixels, np.ndarray)
    return measure(pixels, header)


def _png(pixels: np.ndarray) -> bytes:
    return hazards.encoded(Image.fromarray(pixels.astype(np.uint8)), "PNG")


def _distance(one: bytes, other: bytes) -> int:
    return (int(_measured(one)[1], 16) ^ int(_measured(other)[1], 16)).bit_count()


def test_measures_what_can_be_worked_out_by_hand() -> None:
    """Left half black, right half white but for its blue: two grays, 0 and 226.065, equally often."""
    pixels = np.zeros((40, 40, 3))
    pixels[:, 20:] = (255, 255, 0)
    measures, _ = _measured(_png(pixels))
    white = 0.886 * 255
    assert measures[-6:-3] == (127.5, 127.5, 0)
    assert measures[-3:] == (255**2 / 2, 255**2 / 2, 0)
    # Grays are counted as whole numbers.
    assert (measures.brightness, measures.contrast) == pytest.approx((white / 2, white / 2), abs=0.1)
    assert measures.entropy == 1
    assert (measures.darkest, measures.brightest) == (0, 226)
    # Of 38 inner columns one is white - black, one black - white, the others 0.
    assert measures.sharpness == pytest.approx(2 * white**2 / 38, rel=1e-3)


def _of_grays(rows: Sequence[Sequence[int]]) -> tuple[Measures, str]:
    return _measured(_png(np.array(rows)))


def test_one_pixel_in_a_hundred_may_be_darker_or_brighter() -> None:
    values = np.full(100, 100)
    values[7:9], values[50:53] = 20, 201
    measures, _ = _of_grays(values.reshape(10, 10).tolist())
    assert (measures.darkest, measures.brightest) == (20, 201)
    values[8], values[51:53] = 100, 100  # now one of each
    measures, _ = _of_grays(values.reshape(10, 10).tolist())
    assert (measures.darkest, measures.brightest) == (20, 100)
    # (20 + 98 * 100 + 201) / 100, and the squares of the same
    assert (measures.brightness, measures.red, measures.red_square) == (100.21, 100.21, 10208.01)


def test_sharpness_is_a_variance_over_the_inner_pixels() -> None:
    """Of the two of them one differs from its neighbours by -400 in sum, the other by 100."""
    rows = [[0, 0, 0, 0], [0, 100, 0, 0], [0, 0, 0, 0]]
    for turned in (rows, list(zip(*rows, strict=True))):
        assert _of_grays(turned)[0].sharpness == 250**2
    assert _of_grays(rows[:2])[0].sharpness == 0


@pytest.mark.parametrize("height", [1, 23, 24, 47])
def test_every_row_counts_unless_there_are_plenty(height: int) -> None:
    measures, _ = _of_grays([[row, row] for row in range(height)])
    assert (measures.brightness, measures.green) == ((height - 1) / 2, (height - 1) / 2)


def test_half_of_the_frequencies_are_above_their_median() -> None:
    _, perceptual_hash = _measured(hazards.jpeg(1))
    assert int(perceptual_hash, 16).bit_count() == 128
    assert _of_grays([[0] * 9] * 9)[1] == "0" * 64


def test_a_jpeg_and_a_png_of_a_photograph_measure_alike_at_any_scale() -> None:
    picture = hazards.scene(3, (1100, 900))
    jpeg = _measured(hazards.encoded(picture, "JPEG", quality=95))[0]
    png = _measured(hazards.encoded(picture, "PNG"))[0]
    assert jpeg.brightness == pytest.approx(png.brightness, abs=1)
    assert jpeg.contrast == pytest.approx(png.contrast, rel=0.05)
    assert jpeg[-6:-3] == pytest.approx(png[-6:-3], abs=2)
    assert jpeg.entropy == pytest.approx(png.entropy, abs=0.4)


def test_tiny_and_thin_images_can_be_measured() -> None:
    for size in ((1, 1), (2, 300), (300, 2), (3, 3)):
        measures, perceptual_hash = _measured(_png(np.full((size[1], size[0], 3), 9)))
        assert measures.brightness == 9
        assert str(measures.entropy) == "0.0"  # and not -0.0, which would be told
        assert len(perceptual_hash) == 64


@pytest.mark.parametrize("seed", range(3))
def test_the_same_picture_in_other_bytes_has_nearly_the_same_hash(seed: int) -> None:
    original = hazards.jpeg(seed)
    for name, data in hazards.near_duplicates(seed).items():
        assert data != original
        assert _distance(original, data) <= 16, name


@pytest.mark.parametrize("size", [(500, 375), (447, 447), (1019, 640), (250, 191), (190, 90)])
def test_a_copy_in_another_format_or_size_has_nearly_the_same_hash_whatever_the_size(
    size: tuple[int, int],
) -> None:
    """Of neither is the length a multiple of what is averaged, and a JPEG's decoder averages less than is
    averaged of a PNG."""
    picture = hazards.scene(4, size)
    copies = [hazards.encoded(picture, "PNG")]
    for factor in (0.45, 0.7, 0.9, 1.7):
        smaller = picture.resize((round(factor * size[0]), round(factor * size[1])), Image.Resampling.LANCZOS)
        copies += [hazards.encoded(smaller, "PNG"), hazards.encoded(smaller, "JPEG", quality=90)]
    original = hazards.encoded(picture, "JPEG", quality=95)
    assert max(_distance(original, copy) for copy in copies) <= 10


def test_other_pictures_have_other_hashes() -> None:
    hashes = [hazards.jpeg(seed) for seed in range(12)]
    distances = [_distance(hashes[i], hashes[j]) for i in range(12) for j in range(i)]
    assert min(distances) > 48


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_picture_on_its_side_has_the_hash_of_the_upright_one(orientation: int) -> None:
    stored = hazards.exif_jpeg(orientation, seed=2)
    with Image.open(io.BytesIO(stored)) as image:
        upright = hazards.encoded(ImageOps.exif_transpose(image), "PNG")
    assert _distance(stored, upright) <= 8
    if orientation > 1:
        with Image.open(io.BytesIO(stored)) as image:
            assert _distance(hazards.encoded(image, "PNG"), upright) > 48
