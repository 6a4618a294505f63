"""Whatever the bytes, the header parser and the transcoder answer, or say why not; and they never blow up."""

from __future__ import annotations

import io
import random
import struct
import tracemalloc
import warnings
import zlib
from collections.abc import Iterator

import pytest
from PIL import Image

from components.image_folder.headers.image_header import ImageHeader, UnusableImageError, read_header
from components.image_folder.inspection.transcode import to_png
from tests import hazard_images as hazards
from tests.handmade_images import bmp_file, gif_file

SMALL = (16, 12)
BASES = (
    hazards.jpeg(0, SMALL, 40),
    hazards.exif_jpeg(6, 1, SMALL),
    hazards.exif_jpeg(3, 2, SMALL, ">"),
    hazards.gray_jpeg(3, SMALL),
    hazards.cmyk_jpeg(4, SMALL),
    hazards.png(5, SMALL, "L"),
    hazards.palette_png(6, SMALL),
    hazards.exif_png(8, 7, SMALL),
    hazards.apng(8, (6, 5)),
    hazards.gif(9, (6, 5)),
    hazards.animated_gif(10, (6, 5)),
    gif_file((8, 6), [(2, 1, 3, 3), (0, 0, 8, 6)], transparent=1),
    hazards.bmp(11, SMALL),
    hazards.bmp(12, SMALL, "1"),
    bmp_file((4, 2), 8, b"\x04\x05\0\0\x04\x06\0\1", bytes(range(256)) * 4, compression=1),
    hazards.webp(13, SMALL),
    hazards.webp(14, SMALL, lossless=True, mode="RGBA"),
    hazards.animated_webp(15, SMALL),
    hazards.encoded(hazards.scene(16, SMALL), "WEBP", exif=hazards.exif_block(5)),
    hazards.tiff(17, SMALL),
    hazards.tiff(18, SMALL, compression="tiff_lzw"),
    hazards.tiff(19, SMALL, "P", compression="tiff_adobe_deflate"),
    hazards.tiff(20, SMALL, "CMYK", big_endian=True),
    hazards.heic_header(),
    hazards.svg(),
    hazards.html_page(),
)
EXTREMES = (
    0,
    1,
    2,
    3,
    7,
    8,
    0x7F,
    0x80,
    0xFF,
    0x100,
    0x7FFF,
    0x8000,
    0xFFFF,
    2**24,
    2**31 - 1,
    2**31,
    2**32 - 1,
)


def mutated(chance: random.Random, data: bytes) -> bytes:
    """The data with one to three faults in it, most of them near the beginning."""
    for _ in range(chance.choice((1, 1, 2, 3))):
        size = len(data)
        place = chance.randrange(min(size, chance.choice((32, 128, size))) + 1) if size else 0
        fault = chance.randrange(7)
        if fault == 0 and size:
            place = min(place, size - 1)
            data = data[:place] + bytes([data[place] ^ 1 << chance.randrange(8)]) + data[place + 1 :]
        elif fault == 1:
            data = data[:place]
        elif fault == 2:
            data = data[:place] + chance.randbytes(chance.randrange(1, 9)) + data[place:]
        elif fault == 3:
            other = chance.choice(BASES)
            data = data[:place] + other[chance.randrange(len(other)) :]
        elif fault == 4:
            number = struct.pack(chance.choice("<>") + "I", chance.choice(EXTREMES))
            number = number[: chance.choice((1, 2, 4))] if chance.random() < 0.5 else number[-2:]
            data = data[:place] + number + data[place + len(number) :]
        elif fault == 5:
            segment = data[place : place + chance.randrange(1, 64)]
            data = data[:place] + segment * chance.choice((2, 3, 50)) + data[place + len(segment) :]
        else:
            end = place + chance.randrange(1, 32)
            data = data[:place] + data[end:]
    if data.startswith(b"\x89PNG") and len(data) >= 33:
        # With a wrong checksum no fault of the header would be looked at.
        data = data[:29] + struct.pack(">I", zlib.crc32(data[12:29])) + data[33:]
    return data


def mutants(seed: int, count: int) -> Iterator[bytes]:
    """That many damaged files."""
    chance = random.Random(seed)
    for _ in range(count):
        yield mutated(chance, chance.choice(BASES))


def header_of(data: bytes) -> ImageHeader | None:
    """The header, or None for what is refused; anything but a refusal is let through."""
    try:
        return read_header(data)
    except UnusableImageError as error:
        refusal = error
    assert refusal.kind in ("empty", "not_an_image", "unsupported_format", "corrupt")
    assert refusal.reason and not refusal.reason.endswith(".") and refusal.reason.isprintable()
    return None


def check_plausible(header: ImageHeader) -> None:
    """Fails on values that no image has."""
    assert header.format in ("JPEG", "PNG", "GIF", "BMP", "WEBP", "TIFF")
    assert 1 <= header.width < 2**32 and 1 <= header.height < 2**32
    assert 1 <= header.orientation <= 8
    assert 1 <= header.bits <= 16 and 1 <= header.channels < 2**16


def test_the_parser_answers_or_refuses() -> None:
    refused = 0
    for data in mutants(seed=1, count=100_000):
        header = header_of(data)
        if header is None:
            refused += 1
        else:
            check_plausible(header)
    assert 20_000 < refused < 80_000  # enough of either to mean something


def test_memory_follows_neither_what_headers_claim_nor_the_length_of_the_file() -> None:
    tracemalloc.start()
    try:
        for data in [*(base + bytes(10**6) for base in BASES), *mutants(seed=2, count=5_000)]:
            tracemalloc.reset_peak()
            before = tracemalloc.get_traced_memory()[0]
            header_of(data)
            assert tracemalloc.get_traced_memory()[1] - before < 100_000, data[:64]
    finally:
        tracemalloc.stop()


def test_sizes_are_those_of_pillow() -> None:
    compared = 0
    for data in mutants(seed=3, count=20_000):
        header = header_of(data)
        if header is None:
            continue
        size = _upright_tiff_size(header)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                image = Image.open(io.BytesIO(data))
                if image.size != size:
                    # Such as a JPEG of two frame headers. Pillow's opinion counts where it can see the image.
                    image.load()
        except Exception:  # whatever a plug-in raises
            continue
        assert (image.size, image.format) == (size, header.format), data
        compared += 1
    assert compared > 5_000


def _upright_tiff_size(header: ImageHeader) -> tuple[int, int]:
    """Pillow turns a TIFF, and nothing else, when it opens it."""
    turned = header.format == "TIFF" and header.orientation >= 5
    return (header.height, header.width) if turned else (header.width, header.height)


@pytest.mark.parametrize("seed", [4, 5])
def test_the_transcoder_answers_or_refuses(seed: int) -> None:
    done = refused = 0
    for data in mutants(seed, count=5_000):
        header = header_of(data)
        if header is None or header.width * header.height > 10_000:
            continue
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                png = to_png(data, header)
        except UnusableImageError:
            refused += 1
            continue
        result = read_header(png)
        assert (result.format, result.bits, result.decodable, result.orientation) == ("PNG", 8, True, 1)
        assert {result.width, result.height} == {header.width, header.height}
        done += 1
    assert done > 500 and refused > 500
