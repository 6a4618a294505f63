from __future__ import annotations

import ast
import io
import pickle
import struct
import sys
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import get_args

import pytest
from PIL import Image

from components.image_folder import headers, image_header
from components.image_folder.image_header import ImageHeader, UnusableImageError, UnusableKind, read_header
from components.image_folder.policies import KINDS
from tests import hazard_images as hazards
from tests.handmade_images import GIF_TABLE, bmp_file, gif_file, png_file, tiff_file

SCENE = hazards.scene(0)


def _grays(values: Iterable[int]) -> bytes:
    """Colour table of a BMP."""
    return bytes(value for gray in values for value in (gray, gray, gray, 0))


GRAYS = _grays(range(256))
CYANS = bytes(value for gray in range(256) for value in (gray, gray, 0, 0))
NEGATIVE = _grays(range(255, -1, -1))
COLOURS = bytes(value for gray in range(256) for value in (gray, 255 - gray, 7, 0))
THUMBNAIL = hazards.jpeg(1, (16, 12))


def _jpegs() -> Iterator[tuple[str, bytes]]:
    yield "JPEG", hazards.jpeg(0)
    yield "JPEG gray", hazards.gray_jpeg(0)
    yield "JPEG CMYK", hazards.cmyk_jpeg(0)
    yield "JPEG YCCK", hazards.ycck_jpeg(0)
    yield "JPEG progressive", hazards.encoded(SCENE, "JPEG", progressive=True)
    yield "JPEG 4:4:4, restarts", hazards.encoded(SCENE, "JPEG", subsampling=0, restart_marker_rows=1)
    yield "JPEG large profile", hazards.encoded(SCENE, "JPEG", icc_profile=bytes(200_000))
    yield "JPEG comment", hazards.encoded(SCENE, "JPEG", comment=b"\xff\xc0" * 30)
    yield "JPEG fill bytes", hazards.jpeg(0)[:2] + b"\xff" * 9 + hazards.jpeg(0)[2:]
    for order in "<>":
        for orientation in range(1, 9):
            yield f"JPEG Exif {orientation}{order}", hazards.exif_jpeg(orientation, 0, order=order)
        thumbnail = hazards.exif_jpeg(6, 0, order=order, thumbnail=THUMBNAIL)
        yield f"JPEG thumbnail{order}", thumbnail
        for wrong in (0, 9, 65535):
            yield (
                f"JPEG Exif {wrong}{order}",
                hazards.encoded(SCENE, "JPEG", exif=hazards.exif_block(wrong, order)),
            )
    without_jfif = hazards.exif_jpeg(8, 0)
    yield "JPEG Exif, no JFIF", without_jfif[:2] + without_jfif[20:]


def _pngs() -> Iterator[tuple[str, bytes]]:
    for mode in ("1", "L", "LA", "P", "RGB", "RGBA"):
        yield f"PNG {mode}", hazards.png(0, mode=mode)
    yield "PNG 16-bit gray", hazards.png_16_bit(0)
    grays = zlib.compress(bytes(200))
    for bits, colour in ((1, 0), (2, 0), (4, 0), (16, 2), (1, 3), (4, 3), (16, 4), (16, 6)):
        chunks = [(b"PLTE", bytes(6)), (b"IDAT", grays)] if colour == 3 else [(b"IDAT", grays)]
        yield f"PNG {bits} bits, colour type {colour}", png_file((5, 3), bits, colour, chunks)
    yield "PNG palette with tRNS", hazards.encoded(SCENE.convert("P"), "PNG", transparency=3)
    yield "PNG RGB with tRNS", hazards.encoded(SCENE, "PNG", transparency=(1, 2, 3))
    yield "PNG large profile", hazards.encoded(SCENE, "PNG", icc_profile=bytes(range(256)) * 500)
    for orientation in range(1, 9):
        yield f"PNG eXIf {orientation}", hazards.exif_png(orientation, 0)
    data, exif = hazards.png(0), hazards.png_chunk(b"eXIf", hazards.exif_block(6, ">")[6:])
    yield "PNG eXIf behind the pixels", data[:-12] + exif + data[-12:]
    yield "APNG", hazards.apng(0)


def _gifs() -> Iterator[tuple[str, bytes]]:
    yield "GIF", hazards.gif(0)
    yield "GIF animated", hazards.animated_gif(0)
    yield "GIF comment", hazards.encoded(SCENE, "GIF", comment=b"," * 600)
    for screen, frame in (
        ((8, 6), (0, 0, 8, 6)),
        ((8, 6), (2, 1, 3, 3)),
        ((3, 3), (0, 0, 8, 6)),
        ((8, 6), (6, 4, 4, 4)),
        ((0, 0), (0, 0, 3, 3)),
    ):
        yield f"GIF {frame} on {screen}", gif_file(screen, [frame])
    two = [(0, 0, 4, 3), (1, 1, 2, 2)]
    yield "GIF, colours in the frames", gif_file((4, 3), two, table=b"", local_table=GIF_TABLE)
    yield "GIF transparent", gif_file((4, 3), [(0, 0, 4, 3)], transparent=2)


def _bmps() -> Iterator[tuple[str, bytes]]:
    for mode in ("1", "L", "P", "RGB", "RGBA"):
        yield f"BMP {mode}", hazards.bmp(0, mode=mode)
    yield "BMP top-down", bmp_file((2, -2), 24, bytes(16))
    for header_size in (52, 56, 64, 108, 124):
        yield f"BMP header of {header_size}", bmp_file((2, 2), 24, bytes(16), header_size=header_size)
    yield "BMP OS/2", bmp_file((2, 3), 24, bytes(24), header_size=12)
    grays = bytes(gray for gray in range(256) for _ in range(3))
    yield "BMP OS/2 grays", bmp_file((2, 3), 8, bytes(12), grays, header_size=12)
    yield "BMP OS/2 palette", bmp_file((2, 3), 8, bytes(12), bytes(range(256)) * 3, header_size=12)
    yield "BMP 4 bits", bmp_file((2, 2), 4, bytes(8), COLOURS[:64])
    yield "BMP 16 bits", bmp_file((2, 2), 16, bytes(8))
    yield "BMP RLE", bmp_file((2, 2), 8, b"\2\1\0\0\2\1\0\1", COLOURS, compression=1)
    masks = struct.pack("<III", 0xFF0000, 0xFF00, 0xFF)
    yield "BMP masks", bmp_file((2, 2), 32, b"\xff" * 16, masks, compression=3)
    opaque = masks + struct.pack("<I", 0xFF000000)
    yield "BMP alpha mask", bmp_file((2, 2), 32, bytes(16), compression=3, header_size=108, rest=opaque)


def _others() -> Iterator[tuple[str, bytes]]:
    for mode in ("RGB", "RGBA"):
        yield f"WEBP {mode}", hazards.webp(0, mode=mode)
        yield f"WEBP lossless {mode}", hazards.webp(0, mode=mode, lossless=True)
    yield "WEBP animated", hazards.animated_webp(0)
    for size in ((5000, 20), (20, 5000)):
        yield f"WEBP {size}", hazards.webp(0, size)
        yield f"WEBP lossless {size}", hazards.webp(0, size, lossless=True)
    yield "WEBP to be scaled", hazards.webp(0)[:27] + b"\x40" + hazards.webp(0)[28:]
    for orientation in (1, 6):
        yield f"WEBP Exif {orientation}", hazards.encoded(SCENE, "WEBP", exif=hazards.exif_block(orientation))
    for mode in ("1", "L", "LA", "P", "RGB", "RGBA", "CMYK"):
        yield f"TIFF {mode}", hazards.tiff(0, mode=mode)
    for compression in ("tiff_lzw", "tiff_adobe_deflate", "jpeg"):
        yield f"TIFF {compression}", hazards.tiff(0, compression=compression)
    grays = [(256, 3, 4), (257, 3, 1), (258, 3, 8), (259, 3, 1), (262, 3, 1), (278, 3, 1)]
    yield "TIFF big-endian", tiff_file(grays, bytes(4), ">")
    yield "TIFF tiled", hazards.tiff(0, compression="tiff_lzw", tiffinfo={322: 32, 323: 32})
    yield "TIFF pages", hazards.tiff(0, save_all=True, append_images=[SCENE])
    for orientation in range(10):
        yield f"TIFF orientation {orientation}", hazards.tiff(0, tiffinfo={274: orientation})
    with Image.open(io.BytesIO(hazards.png_16_bit(0))) as deep:
        yield "TIFF 16 bits", hazards.encoded(deep, "TIFF")


GOOD = dict((*_jpegs(), *_pngs(), *_gifs(), *_bmps(), *_others()))


@pytest.mark.parametrize("data", GOOD.values(), ids=GOOD)
def test_agrees_with_pillow(data: bytes) -> None:
    header = read_header(data)
    with Image.open(io.BytesIO(data)) as image:
        size = (header.height, header.width) if _turned_by_pillow(header) else (header.width, header.height)
        orientation = image.getexif().get(0x0112, 1)
        assert (header.format, size) == (image.format, image.size)
        assert header.orientation == (orientation if 1 <= orientation <= 8 else 1)
        assert header.animated == (getattr(image, "n_frames", 1) > 1)
        assert header.cmyk == (image.mode == "CMYK")
        assert (header.bits > 8) == image.mode.startswith("I;16") or header.channels > 1
        if header.format in ("WEBP", "TIFF") or (header.format == "PNG" and header.bits == 8):
            assert header.palette == (image.mode == "P")
            assert header.channels == len(image.getbands())
            assert header.alpha == (image.mode in ("LA", "RGBA") or "transparency" in image.info)


def _turned_by_pillow(header: ImageHeader) -> bool:
    return header.format == "TIFF" and header.orientation >= 5


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("JPEG", ImageHeader("JPEG", 64, 48, 3)),
        ("JPEG gray", ImageHeader("JPEG", 64, 48, 1)),
        ("JPEG CMYK", ImageHeader("JPEG", 64, 48, 4, cmyk=True)),
        ("JPEG Exif 6<", ImageHeader("JPEG", 48, 64, 3, orientation=6)),
        ("PNG 1", ImageHeader("PNG", 64, 48, 1, bits=1)),
        ("PNG 16-bit gray", ImageHeader("PNG", 64, 48, 1, bits=16)),
        ("PNG 16 bits, colour type 6", ImageHeader("PNG", 5, 3, 4, bits=16, alpha=True)),
        ("PNG 4 bits, colour type 3", ImageHeader("PNG", 5, 3, 1, palette=True)),
        ("PNG palette with tRNS", ImageHeader("PNG", 64, 48, 1, palette=True, alpha=True)),
        ("PNG RGB with tRNS", ImageHeader("PNG", 64, 48, 3, alpha=True)),
        ("PNG eXIf behind the pixels", ImageHeader("PNG", 64, 48, 3, orientation=6)),
        ("APNG", ImageHeader("PNG", 64, 48, 3, animated=True)),
        ("GIF", ImageHeader("GIF", 64, 48, 1, palette=True)),
        ("GIF transparent", ImageHeader("GIF", 4, 3, 1, palette=True, alpha=True)),
        ("GIF animated", ImageHeader("GIF", 64, 48, 1, palette=True, animated=True, decodable=False)),
        ("GIF (6, 4, 4, 4) on (8, 6)", ImageHeader("GIF", 10, 8, 1, palette=True, decodable=False)),
        ("BMP 1", ImageHeader("BMP", 64, 48, 1, decodable=False)),
        ("BMP L", ImageHeader("BMP", 64, 48, 1)),
        ("BMP P", ImageHeader("BMP", 64, 48, 1, palette=True, decodable=False)),
        ("BMP top-down", ImageHeader("BMP", 2, 2, 3)),
        ("BMP OS/2", ImageHeader("BMP", 2, 3, 3, decodable=False)),
        ("BMP OS/2 grays", ImageHeader("BMP", 2, 3, 1, decodable=False)),
        ("BMP 16 bits", ImageHeader("BMP", 2, 2, 3, decodable=False)),
        ("BMP RLE", ImageHeader("BMP", 2, 2, 1, palette=True, decodable=False)),
        ("BMP masks", ImageHeader("BMP", 2, 2, 4)),
        ("BMP alpha mask", ImageHeader("BMP", 2, 2, 4, alpha=True)),
        ("WEBP lossless RGBA", ImageHeader("WEBP", 64, 48, 4, alpha=True, decodable=False)),
        ("WEBP animated", ImageHeader("WEBP", 64, 48, 3, animated=True, decodable=False)),
        ("WEBP Exif 6", ImageHeader("WEBP", 64, 48, 3, orientation=6, decodable=False)),
        ("TIFF 16 bits", ImageHeader("TIFF", 64, 48, 1, bits=16, decodable=False)),
        ("TIFF CMYK", ImageHeader("TIFF", 64, 48, 4, cmyk=True, decodable=False)),
        ("TIFF P", ImageHeader("TIFF", 64, 48, 1, palette=True, decodable=False)),
        ("TIFF pages", ImageHeader("TIFF", 64, 48, 3, animated=True, decodable=False)),
        ("TIFF orientation 5", ImageHeader("TIFF", 64, 48, 3, orientation=5, decodable=False)),
    ],
)
def test_says_all_there_is_to_say(name: str, expected: ImageHeader) -> None:
    assert read_header(GOOD[name]) == expected


@pytest.mark.parametrize("name", GOOD)
def test_a_file_that_ends_within_its_header_is_corrupt(name: str) -> None:
    data = GOOD[name]
    for length in range(16, 23):  # no format says its size earlier
        with pytest.raises(UnusableImageError) as refusal:
            read_header(data[:length])
        assert refusal.value.kind == "corrupt" or (data[:2] == b"BM" and length < 18), length


def _frame(marker: int, bits: int = 8, height: int = 48, width: int = 64, channels: int = 3) -> bytes:
    """A JPEG whose frame header says so."""
    data = hazards.jpeg(0)
    start = data.index(b"\xff\xc0")
    header = struct.pack(">BBHBHHB", 0xFF, marker, 8 + 3 * channels, bits, height, width, channels)
    return data[:start] + header + bytes(3 * channels) + data[start + 19 :]


def _tiff(**tags: int) -> bytes:
    numbers = {"width": 256, "height": 257, "bits": 258, "photometric": 262, "samples": 277}
    numbers |= {"tile_width": 322, "tile_height": 323, "sample_format": 339}
    values = {"width": 4, "height": 1, "bits": 8, "photometric": 1, "samples": 1} | tags
    return tiff_file([(numbers[name], 4, value) for name, value in values.items()], bytes(4))


def _boxed(*brands: bytes) -> bytes:
    """The first box of a film, or of an image stored like one: its own brand, a version, the others."""
    first, *others = brands
    return struct.pack(">I4s4sI", 16 + 4 * len(others), b"ftyp", first, 0) + b"".join(others)


def _png_with(offset: int, field: bytes, name: bytes = b"IHDR") -> bytes:
    header = bytearray(struct.pack(">IIBBBBB", 5, 3, 8, 2, 0, 0, 0))
    header[offset : offset + len(field)] = field
    chunks = ((name, bytes(header)), (b"IDAT", b""), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(hazards.png_chunk(*chunk) for chunk in chunks)


UNUSABLE = {
    "empty": (b"", "empty", "the file is empty"),
    "text": (hazards.text_file(), "not_an_image", "no known format"),
    "web page": (hazards.html_page(), "not_an_image", r"a web page \(HTML\)"),
    "web page, bare": (b"\r\n<HTML lang='en'>", "not_an_image", "a web page"),
    "text that begins as JPEGs do": (b"\xff\xd8 and no more", "not_an_image", "no known format"),
    "PNG, line ends changed": (hazards.png(0).replace(b"\r\n", b"\n", 1), "not_an_image", "no known format"),
    "GIF of another year": (hazards.gif(0).replace(b"GIF8", b"GIF9"), "not_an_image", "no known format"),
    "sound": (b"RIFF\x24\0\0\0WAVEfmt " + bytes(20), "not_an_image", "no known format"),
    "text that begins with BM": (b"BMW and other cars" * 9, "not_an_image", "no known format"),
    "one byte": (b"\xff", "not_an_image", "no known format"),
    "endless comment": (b"<!-- " * 3000, "not_an_image", "no known format"),
    "HEIC": (hazards.heic_header(), "unsupported_format", "^HEIC cannot be used"),
    "HEIF": (hazards.heic_header(b"mif1"), "unsupported_format", "^HEIF cannot"),
    "AVIF": (hazards.heic_header(b"avif"), "unsupported_format", "^AVIF cannot"),
    "AVIF of Pillow": (hazards.encoded(SCENE, "AVIF"), "unsupported_format", "^AVIF cannot"),
    "film": (hazards.heic_header(b"isom").replace(b"mif1", b"mp42"), "not_an_image", "no known format"),
    "film of no kind": (_boxed(b"isom"), "not_an_image", "no known format"),
    "brand between two brands": (_boxed(b"isom", b"xhei", b"cxxx"), "not_an_image", "no known format"),
    "brand behind the list of brands": (_boxed(b"isom") + b"heic", "not_an_image", "no known format"),
    "SVG": (hazards.svg(), "unsupported_format", "^SVG cannot"),
    "SVG, bare": (b"\xef\xbb\xbf\n<!-- a > b --><svg>", "unsupported_format", "^SVG cannot"),
    "SVG, document type": (
        b'<?xml version="1.0"?><!DOCTYPE svg PUBLIC "x" [<!ENTITY a "b">]>\n<svg',
        "unsupported_format",
        "^SVG cannot",
    ),
    "SVG behind a long comment": (b"<!--" + b"-" * 3000 + b"--><svg>", "unsupported_format", "^SVG cannot"),
    "element with a prefix": (b"<svg:note>", "not_an_image", "no known format"),
    "JPEG 2000": (hazards.encoded(SCENE, "JPEG2000"), "unsupported_format", "^JPEG 2000 cannot"),
    "JPEG 2000 stream": (
        hazards.encoded(SCENE, "JPEG2000", no_jp2=True),
        "unsupported_format",
        "^JPEG 2000 cannot",
    ),
    "JPEG XL": (b"\0\0\0\x0cJXL \r\n\x87\n", "unsupported_format", "^JPEG XL cannot"),
    "JPEG XL stream": (b"\xff\x0a\0\0", "unsupported_format", "^JPEG XL cannot"),
    "ICO": (hazards.encoded(SCENE, "ICO"), "unsupported_format", "^ICO cannot"),
    "PSD": (b"8BPS\0\1", "unsupported_format", "^PSD cannot"),
    "PDF": (hazards.encoded(SCENE, "PDF"), "unsupported_format", "^PDF cannot"),
    "BigTIFF": (hazards.tiff(0, big_tiff=True), "unsupported_format", "^BigTIFF cannot"),
    "BigTIFF, big-endian": (b"MM\0\x2b\0\x08\0\0", "unsupported_format", "^BigTIFF cannot"),
    **{
        f"JPEG {marker:X}": (_frame(marker), "unsupported_format", "a JPEG of a rare kind")
        for marker in (0xC3, 0xC5, 0xC6, 0xC7, 0xCB, 0xCD, 0xCE, 0xCF, 0xF7)
    },
    "JPEG of 12 bits": (_frame(0xC1, bits=12), "unsupported_format", "a JPEG with 12 bits"),
    "JPEG of 2 channels": (_frame(0xC0, channels=2), "unsupported_format", "a JPEG with 2 channels"),
    "JPEG of no height": (_frame(0xC0, height=0), "corrupt", "a JPEG of 64 × 0 pixels"),
    "JPEG of no width": (_frame(0xC0, width=0), "corrupt", "a JPEG of 0 × 48 pixels"),
    "JPEG, odd frame header": (
        hazards.jpeg(0).replace(b"\xff\xc0\0\x11", b"\xff\xc0\0\x12"),
        "corrupt",
        "frame header of impossible length",
    ),
    "JPEG, odd segment": (b"\xff\xd8\xff\xe0\0\1" + hazards.jpeg(0)[2:], "corrupt", "impossible length"),
    "JPEG, endless segments": (
        b"\xff\xd8" + b"\xff\xfe\0\2" * 10_000 + hazards.jpeg(0)[2:],
        "corrupt",
        "no frame header",
    ),
    "JPEG cut off behind a segment": (hazards.jpeg(0)[:20], "corrupt", "no frame header"),
    "JPEG without frame": (b"\xff\xd8\xff\xd9\0\2" + hazards.jpeg(0), "corrupt", "no frame header"),
    "JPEG, scan first": (b"\xff\xd8\xff\xda\0\2" + hazards.jpeg(0), "corrupt", "no frame header"),
    "PNG of no width": (_png_with(0, bytes(4)), "corrupt", "a PNG of 0 × 3 pixels"),
    "PNG of absurd width": (_png_with(0, b"\x80\0\0\0"), "corrupt", "no PNG can be"),
    "PNG of absurd height": (_png_with(4, b"\x80\0\0\0"), "corrupt", "no PNG can be"),
    "PNG of 3 bits": (_png_with(8, b"\3"), "corrupt", "no PNG can be"),
    "PNG with a palette of 16 bits": (_png_with(8, b"\x10\3"), "corrupt", "no PNG can be"),
    "PNG of 4 bits with alpha": (_png_with(8, b"\4\4"), "corrupt", "no PNG can be"),
    "PNG of no colour type": (_png_with(9, b"\1"), "corrupt", "no PNG can be"),
    "PNG compression": (_png_with(10, b"\1"), "corrupt", "no PNG can be"),
    "PNG filter": (_png_with(11, b"\1"), "corrupt", "no PNG can be"),
    "PNG interlace": (_png_with(12, b"\2"), "corrupt", "no PNG can be"),
    "PNG checksum": (_png_with(0, b"").replace(b"\0\0\0\5", b"\0\0\0\6"), "corrupt", "header is damaged"),
    "PNG without IHDR": (_png_with(0, b"", b"IHDX"), "corrupt", "header is damaged"),
    "PNG without pixels": (hazards.png(0)[:40], "corrupt", "holds no pixels"),
    "PNG cut off within a chunk": (hazards.png(0)[:44], "corrupt", "holds no pixels"),
    "GIF without frame": (gif_file((4, 3), []), "corrupt", "holds no frame"),
    "GIF of no size": (gif_file((0, 0), [(0, 0, 0, 0)]), "corrupt", "a GIF of 0 × 0 pixels"),
    "BMP of 2 bits": (bmp_file((2, 2), 2, bytes(8)), "unsupported_format", "a BMP with 2 bits"),
    "BMP around a JPEG": (
        bmp_file((2, 2), 24, bytes(16), compression=4),
        "unsupported_format",
        r"rare kind \(compression 4\)",
    ),
    "BMP of negative width": (bmp_file((-2, 2), 24, bytes(16)), "corrupt", "-2 × 2 pixels"),
    "BMP of no height": (bmp_file((2, 0), 24, b""), "corrupt", "2 × 0 pixels"),
    "WebP of no kind": (hazards.webp(0).replace(b"VP8 ", b"VP9 "), "corrupt", "first chunk"),
    "WebP, start code": (hazards.webp(0).replace(b"\x9d\x01\x2a", b"\x9d\x01\x2b"), "corrupt", "whole frame"),
    "WebP, no key frame": (hazards.webp(0)[:20] + b"\x01" + hazards.webp(0)[21:], "corrupt", "whole frame"),
    "WebP, signature": (
        hazards.webp(0, lossless=True).replace(b"\x2f", b"\x2e", 1),
        "corrupt",
        "WebP's header is damaged",
    ),
    "TIFF of no width": (_tiff(width=0), "corrupt", "0 × 1 pixels"),
    "TIFF of no channels": (_tiff(samples=0), "corrupt", "0 channels"),
    "TIFF of no bits": (_tiff(bits=0), "corrupt", "0 bits"),
    "TIFF of 32 bits": (_tiff(bits=32), "unsupported_format", "32-bit numbers"),
    "TIFF of signed numbers": (_tiff(sample_format=2), "unsupported_format", "signed"),
    "TIFF of fractions": (_tiff(bits=16, sample_format=3), "unsupported_format", "floating-point"),
    **{
        f"TIFF in Lab {number}": (_tiff(photometric=number, samples=3), "unsupported_format", "CIE")
        for number in (8, 9, 10)
    },
    "TIFF of huge tiles": (_tiff(tile_width=50_000, tile_height=50_000), "corrupt", "tiles larger"),
}


@pytest.mark.parametrize(("data", "kind", "reason"), UNUSABLE.values(), ids=UNUSABLE)
def test_refuses_with_the_reason(data: bytes, kind: str, reason: str) -> None:
    with pytest.raises(UnusableImageError, match=reason) as refusal:
        read_header(data)
    assert (refusal.value.kind, refusal.value.reason) == (kind, str(refusal.value))


@pytest.mark.parametrize("marker", [0xC0, 0xC1, 0xC2, 0xC9, 0xCA])
def test_takes_the_coding_processes_that_the_decoder_knows(marker: int) -> None:
    assert read_header(_frame(marker)) == ImageHeader("JPEG", 64, 48, 3)


def test_what_a_bomb_claims_is_for_the_caller_to_judge() -> None:
    png, jpeg = read_header(hazards.png_bomb(60_000, 50_000)), read_header(hazards.jpeg_bomb(65_000, 64_000))
    assert (png.width, png.height, jpeg.width, jpeg.height) == (60_000, 50_000, 65_000, 64_000)


@pytest.mark.parametrize(
    ("name", "brands"),
    [
        ("AVIF", (b"avif", b"avis")),
        ("HEIC", (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx")),
        ("HEIF", (b"mif1", b"msf1", b"mif2")),
    ],
)
def test_heif_is_known_by_any_of_its_brands(name: str, brands: tuple[bytes, ...]) -> None:
    for brand in brands:
        for data in (_boxed(brand), _boxed(b"isom", b"iso8", brand)):
            with pytest.raises(UnusableImageError, match=f"^{name} cannot"):
                read_header(data)


@pytest.mark.parametrize(
    "between",
    [
        b"\1\xc0",  # bytes that belong to nothing
        b"\xff\xd3",  # markers that stand alone
        b"\xff\xd8",
        b"\xff\x02\0\4\xff\xc0",  # a reserved one, with a segment
        b"\xff\xfe\0\2" * 9990,  # many comments, though not too many
    ],
)
def test_what_lies_between_the_segments_of_a_jpeg(between: bytes) -> None:
    data = hazards.jpeg(0)
    assert read_header(data[:20] + between + data[20:]) == ImageHeader("JPEG", 64, 48, 3)


def test_a_png_may_be_interlaced() -> None:
    assert read_header(_png_with(12, b"\1")) == ImageHeader("PNG", 5, 3, 3)


def test_a_png_and_a_gif_may_lack_their_ends() -> None:
    assert read_header(_png_with(0, b"")[:-12]) == ImageHeader("PNG", 5, 3, 3)
    for cut in (1, 2):  # the trailer; the end of the frame's blocks
        data = gif_file((4, 3), [(0, 0, 4, 3)])[:-cut]
        assert read_header(data) == ImageHeader("GIF", 4, 3, 1, palette=True)


def test_behind_the_trailer_of_a_gif_no_frame_is_counted() -> None:
    data = gif_file((4, 3), [(0, 0, 4, 3)])
    for between in (b"", b"\0"):
        assert not read_header(data + between + data[25:]).animated
    assert read_header(data[:-1] + data[25:]).animated


def test_a_comment_in_a_gif_says_nothing_about_transparency() -> None:
    data = gif_file((4, 3), [(0, 0, 4, 3)])
    assert not read_header(data[:25] + b"\x21\xfe\1a\0" + data[25:]).alpha


def test_the_sides_of_a_lossless_webp_take_14_bits() -> None:
    data = b"RIFF" + bytes(4) + b"WEBPVP8L" + struct.pack("<IBI", 5, 0x2F, 0x3FFE | 0x2FFF << 14)
    assert read_header(data) == ImageHeader("WEBP", 0x3FFF, 0x3000, 3, decodable=False)


def test_a_colour_profile_in_a_webp_is_no_transparency() -> None:
    data = hazards.encoded(SCENE, "WEBP", icc_profile=bytes(200))
    assert data[20] & 0x20
    assert read_header(data) == ImageHeader("WEBP", 64, 48, 3, decodable=False)


def test_the_canvas_of_a_webp_takes_24_bits() -> None:
    data = hazards.animated_webp(0)
    header = read_header(data[:24] + b"\1\2\3\4\5\6" + data[30:])
    assert (header.width, header.height) == (0x030202, 0x060505)


def test_animation_is_announced_before_the_pixels() -> None:
    announced = hazards.png_chunk(b"acTL", struct.pack(">II", 2, 0))
    data = hazards.png(0)
    assert read_header(data[:33] + announced + data[33:]).animated
    single = hazards.png_chunk(b"acTL", struct.pack(">II", 1, 0))
    assert not read_header(data[:33] + single + data[33:]).animated
    assert not read_header(data[:-12] + announced + data[-12:]).animated


@pytest.mark.parametrize(
    ("data", "decodable"),
    [
        (bmp_file((2, 2), 8, bytes(8), GRAYS), True),
        (bmp_file((2, 2), 8, bytes(8), COLOURS), False),
        (bmp_file((2, 2), 8, bytes(8), CYANS), False),
        (bmp_file((2, 2), 8, bytes(8), NEGATIVE), False),
        (bmp_file((2, 2), 8, bytes(8), GRAYS, compression=1), False),
        (bmp_file((2, 2), 24, bytes(16)), True),
        (bmp_file((2, 2), 24, bytes(17)), False),
        (bmp_file((2, 2), 24, bytes(15)), False),
        (bmp_file((2, 2), 32, bytes(16), struct.pack("<III", 255, 0xFF00, 0xFF0000), compression=3), False),
        (gif_file((4, 3), [(0, 0, 4, 3)]), True),
        (gif_file((3, 3), [(0, 0, 8, 3)]), True),
        (gif_file((3, 3), [(0, 0, 3, 8)]), True),
        (gif_file((4, 3), [(0, 0, 4, 3)], table=b""), False),
        (gif_file((4, 3), [(0, 0, 4, 3)], table=b"", local_table=GIF_TABLE), True),
        (gif_file((4, 3), [(0, 0, 4, 2)]), False),
        (gif_file((4, 3), [(1, 0, 4, 3)]), False),
        (gif_file((4, 3), [(0, 0, 4, 3)] * 2), False),
    ],
)
def test_decodable(data: bytes, decodable: bool) -> None:
    assert read_header(data).decodable == decodable


@pytest.mark.parametrize(
    ("data", "palette"),
    [
        (bmp_file((2, 2), 4, bytes(8), _grays(range(0, 256, 17))), False),
        (bmp_file((2, 2), 8, b"\7" * 8, _grays(range(4)), colours=4), False),
        (bmp_file((2, 2), 8, b"\7" * 8, _grays(range(256)), colours=1000), False),
        (bmp_file((2, 2), 8, b"\7" * 8, _grays((*range(255), 7))), True),
    ],
    ids=["4 bits", "four colours", "too many colours", "the last is another"],
)
def test_plain_grays_in_a_bmp_are_no_palette(data: bytes, palette: bool) -> None:
    header = read_header(data)
    assert (header.palette, header.channels) == (palette, 1)


def test_opacity_in_a_bmp_is_a_mask_in_its_header() -> None:
    masks = struct.pack("<IIII", 0xFF0000, 0xFF00, 0xFF, 0xFF000000)
    for header_size, alpha in ((52, False), (56, True)):
        data = bmp_file(
            (2, 2), 32, b"\xff" * 16, compression=3, header_size=header_size, rest=masks[: header_size - 40]
        )
        assert read_header(data) == ImageHeader("BMP", 2, 2, 4, alpha=alpha)


def test_the_refusals_are_kinds_of_findings_and_can_be_pickled() -> None:
    assert set(get_args(UnusableKind)) <= set(KINDS)
    error = pickle.loads(pickle.dumps(UnusableImageError("corrupt", "cut off")))
    assert (error.kind, error.reason, str(error)) == ("corrupt", "cut off", "cut off")


def test_needs_the_standard_library_only() -> None:
    folder = Path(headers.__path__[0])
    for path in (Path(image_header.__file__), *folder.glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            for name in names:
                known = name.split(".")[0] in sys.stdlib_module_names
                assert known or name.startswith("components.image_folder.headers."), (path.name, name)
