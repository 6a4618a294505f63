"""Each builder of hazard files yields what it claims."""

from __future__ import annotations

import io
import zlib
from collections.abc import Callable

import numpy as np
import pytest
from PIL import ExifTags, Image, ImageOps, UnidentifiedImageError

from tests import hazard_images as hazards

LARGE = (320, 240)


def opened(data: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(data))
    image.load()
    return image


@pytest.mark.parametrize(
    ("build", "image_format", "mode", "frames"),
    [
        (hazards.jpeg, "JPEG", "RGB", 1),
        (hazards.gray_jpeg, "JPEG", "L", 1),
        (hazards.cmyk_jpeg, "JPEG", "CMYK", 1),
        (hazards.ycck_jpeg, "JPEG", "CMYK", 1),
        (hazards.png, "PNG", "RGB", 1),
        (hazards.palette_png, "PNG", "P", 1),
        (hazards.alpha_png, "PNG", "RGBA", 1),
        (hazards.png_16_bit, "PNG", "I;16", 1),
        (hazards.apng, "PNG", "RGB", 2),
        (hazards.gif, "GIF", "P", 1),
        (hazards.animated_gif, "GIF", "P", 2),
        (hazards.bmp, "BMP", "RGB", 1),
        (hazards.webp, "WEBP", "RGB", 1),
        (hazards.animated_webp, "WEBP", "RGB", 2),
        (hazards.tiff, "TIFF", "RGB", 1),
    ],
)
def test_kinds(build: Callable[..., bytes], image_format: str, mode: str, frames: int) -> None:
    image = opened(build(0))
    found = (image.format, image.mode, getattr(image, "n_frames", 1), image.size)
    assert found == (image_format, mode, frames, hazards.SIZE)
    assert build(0) == build(0) != build(1)
    assert opened(build(0, (40, 30))).size == (40, 30)


def test_inks_show_the_scene() -> None:
    cmyk, ycck = hazards.cmyk_jpeg(0, LARGE), hazards.ycck_jpeg(0, LARGE)
    assert (opened(cmyk).info["adobe_transform"], opened(ycck).info["adobe_transform"]) == (0, 2)
    for data in (cmyk, ycck):
        shown = np.asarray(opened(data).convert("RGB")).astype(int)
        assert np.abs(shown - np.asarray(hazards.scene(0, LARGE))).mean() < 6


def test_alpha_and_depth() -> None:
    assert opened(hazards.alpha_png(0)).getextrema()[3] == (0, 255)
    low_bytes = np.asarray(opened(hazards.png_16_bit(0))) & 0xFF
    assert len(np.unique(low_bytes)) > 50
    lossless = opened(hazards.webp(0, lossless=True, mode="RGBA"))
    assert np.array_equal(np.asarray(lossless), np.asarray(opened(hazards.alpha_png(0))))


@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation_turns_the_scene_upright(orientation: int) -> None:
    scene = np.asarray(hazards.scene(0)).astype(int)
    for data in (
        hazards.exif_jpeg(orientation, 0),
        hazards.exif_jpeg(orientation, 0, order=">", thumbnail=hazards.jpeg(1, (16, 12))),
        hazards.exif_png(orientation, 0),
    ):
        image = opened(data)
        assert image.getexif()[0x0112] == orientation
        upright = np.asarray(ImageOps.exif_transpose(image)).astype(int)
        assert np.abs(upright - scene).mean() < 12


def test_the_thumbnail_is_one() -> None:
    thumbnail = hazards.jpeg(1, (16, 12))
    exif = opened(hazards.exif_jpeg(6, 0, thumbnail=thumbnail)).getexif()
    directory = exif.get_ifd(ExifTags.IFD.IFD1)
    start = directory[0x0201] + 6
    assert hazards.exif_block(6, thumbnail=thumbnail)[start : start + directory[0x0202]] == thumbnail


@pytest.mark.parametrize(
    ("data", "error"),
    [(hazards.truncated_jpeg(0), OSError), (hazards.corrupt_png(0), (OSError, SyntaxError, zlib.error))],
    ids=["truncated JPEG", "corrupt PNG"],
)
def test_damage_shows_in_the_pixels_only(data: bytes, error: type[Exception]) -> None:
    image = Image.open(io.BytesIO(data))
    assert image.size == hazards.SIZE
    with pytest.raises(error):
        image.load()


@pytest.mark.parametrize("data", [hazards.png_bomb(9_000, 8_000), hazards.jpeg_bomb(9_000, 8_000)])
def test_bombs_claim_their_size(data: bytes) -> None:
    assert len(data) < 5_000
    assert Image.open(io.BytesIO(data)).size == (9_000, 8_000)


@pytest.mark.parametrize(
    "data",
    [hazards.empty_file(), hazards.text_file(), hazards.html_page(), hazards.heic_header(), hazards.svg()],
    ids=["empty", "text", "HTML", "HEIC", "SVG"],
)
def test_what_is_no_image_to_pillow(data: bytes) -> None:
    with pytest.raises(UnidentifiedImageError):
        Image.open(io.BytesIO(data))


def grays(data: bytes) -> np.ndarray:
    return np.asarray(opened(data).convert("L")).astype(float)


def laplacian_variance(data: bytes) -> float:
    """Pech-Pacheco et al. 2000, of the picture at 128 pixels or less on its shorter side."""
    image = opened(data).convert("L")
    scale = min(1.0, 128 / min(image.size))
    side = image.resize((round(image.width * scale), round(image.height * scale)), Image.Resampling.BOX)
    values = np.asarray(side).astype(float)
    inner = values[:-2, 1:-1] + values[2:, 1:-1] + values[1:-1, :-2] + values[1:-1, 2:]
    return float((inner - 4 * values[1:-1, 1:-1]).var())


@pytest.mark.parametrize("size", [hazards.SIZE, LARGE])
def test_odd_pictures_are_odd_and_scenes_are_not(size: tuple[int, int]) -> None:
    assert np.percentile(grays(hazards.near_black(size)), 99) < 10
    assert np.percentile(grays(hazards.near_white(size)), 1) > 245
    assert len(np.unique(grays(hazards.flat(size=size)))) == 1
    for seed in range(10):
        sharp = grays(hazards.jpeg(seed, size))
        assert np.percentile(sharp, 99) > 100 and np.percentile(sharp, 1) < 150
        assert len(np.unique(sharp)) > 100
        assert laplacian_variance(hazards.jpeg(seed, size)) > 300
        assert laplacian_variance(hazards.blurry_jpeg(seed, size)) < 8
    width, height = opened(hazards.extreme_aspect_ratio(0)).size
    assert width == 10 * height


def test_near_duplicates_look_the_same_and_other_seeds_do_not() -> None:
    def small(data: bytes) -> np.ndarray:
        return np.asarray(opened(data).convert("L").resize((16, 16), Image.Resampling.BOX)).astype(float)

    scenes = [small(hazards.jpeg(seed, LARGE)) for seed in range(30)]
    copies = hazards.near_duplicates(0, LARGE)
    assert len({hazards.jpeg(0, LARGE), *copies.values()}) == 4
    for data in copies.values():
        assert np.corrcoef(small(data).ravel(), scenes[0].ravel())[0, 1] > 0.98
    related = np.corrcoef([scene.ravel() for scene in scenes]) - np.eye(30)
    assert np.abs(related).max() < 0.8
