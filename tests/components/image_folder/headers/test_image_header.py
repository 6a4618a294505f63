from __future__ import annotations

import ast
import io
import struct
import sys
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
from PIL import Image

from components.image_folder import headers
from components.image_folder.headers.image_header import ImageHeader, UnusableImageError, read_header
from tests import hazard_images as hazards
from tests.handmade_images import (
    GIF_TABLE,
    bmp_file,
    gif_file,
    jpeg_with_frame,
    png_file,
    png_with,
    tiff_file,
)

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


@pytest.mark.parametrize("marker", [0xC0, 0xC1, 0xC2, 0xC9, 0xCA])
def test_takes_the_coding_processes_that_the_decoder_knows(marker: int) -> None:
    assert read_header(jpeg_with_frame(marker)) == ImageHeader("JPEG", 64, 48, 3)


def test_what_a_bomb_claims_is_for_the_caller_to_judge() -> None:
    png, jpeg = read_header(hazards.png_bomb(60_000, 50_000)), read_header(hazards.jpeg_bomb(65_000, 64_000))
    assert (png.width, png.height, jpeg.width, jpeg.height) == (60_000, 50_000, 65_000, 64_000)


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
    assert read_header(png_with(12, b"\1")) == ImageHeader("PNG", 5, 3, 3)


def test_a_png_and_a_gif_may_lack_their_ends() -> None:
    assert read_header(png_with(0, b"")[:-12]) == ImageHeader("PNG", 5, 3, 3)
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


def test_needs_the_standard_library_only() -> None:
    folder = Path(headers.__path__[0])
    for path in folder.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            for name in names:
                known = name.split(".")[0] in sys.stdlib_module_names
                assert known or name.startswith("components.image_folder.headers."), (path.name, name)
