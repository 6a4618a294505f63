"""What is refused by its header, and with which reason."""

from __future__ import annotations

import pickle
from typing import get_args

import pytest

from components.image_folder.headers.image_header import UnusableImageError, UnusableKind, read_header
from components.image_folder.policies import KINDS
from tests import hazard_images as hazards
from tests.handmade_images import (
    bmp_file,
    first_box,
    gif_file,
    jpeg_with_frame,
    png_with,
    tiff_file,
)

SCENE = hazards.scene(0)


def _tiff(**tags: int) -> bytes:
    numbers = {"width": 256, "height": 257, "bits": 258, "photometric": 262, "samples": 277}
    numbers |= {"subfile": 254, "tile_width": 322, "tile_height": 323, "sample_format": 339}
    values = {"width": 4, "height": 1, "bits": 8, "photometric": 1, "samples": 1} | tags
    return tiff_file([(numbers[name], 4, value) for name, value in values.items()], bytes(4))


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
    "film of no kind": (first_box(b"isom"), "not_an_image", "no known format"),
    "brand between two brands": (first_box(b"isom", b"xhei", b"cxxx"), "not_an_image", "no known format"),
    "brand behind the list of brands": (first_box(b"isom") + b"heic", "not_an_image", "no known format"),
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
        f"JPEG {marker:X}": (jpeg_with_frame(marker), "unsupported_format", "a JPEG of a rare kind")
        for marker in (0xC3, 0xC5, 0xC6, 0xC7, 0xCB, 0xCD, 0xCE, 0xCF, 0xF7)
    },
    "JPEG of 12 bits": (jpeg_with_frame(0xC1, bits=12), "unsupported_format", "a JPEG with 12 bits"),
    "JPEG of 2 channels": (jpeg_with_frame(0xC0, channels=2), "unsupported_format", "a JPEG with 2 channels"),
    "JPEG of no height": (jpeg_with_frame(0xC0, height=0), "corrupt", "a JPEG of 64 × 0 pixels"),
    "JPEG of no width": (jpeg_with_frame(0xC0, width=0), "corrupt", "a JPEG of 0 × 48 pixels"),
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
    "PNG of no width": (png_with(0, bytes(4)), "corrupt", "a PNG of 0 × 3 pixels"),
    "PNG of absurd width": (png_with(0, b"\x80\0\0\0"), "corrupt", "no PNG can be"),
    "PNG of absurd height": (png_with(4, b"\x80\0\0\0"), "corrupt", "no PNG can be"),
    "PNG of 3 bits": (png_with(8, b"\3"), "corrupt", "no PNG can be"),
    "PNG with a palette of 16 bits": (png_with(8, b"\x10\3"), "corrupt", "no PNG can be"),
    "PNG of 4 bits with alpha": (png_with(8, b"\4\4"), "corrupt", "no PNG can be"),
    "PNG of no colour type": (png_with(9, b"\1"), "corrupt", "no PNG can be"),
    "PNG compression": (png_with(10, b"\1"), "corrupt", "no PNG can be"),
    "PNG filter": (png_with(11, b"\1"), "corrupt", "no PNG can be"),
    "PNG interlace": (png_with(12, b"\2"), "corrupt", "no PNG can be"),
    "PNG checksum": (png_with(0, b"").replace(b"\0\0\0\5", b"\0\0\0\6"), "corrupt", "header is damaged"),
    "PNG without IHDR": (png_with(0, b"", b"IHDX"), "corrupt", "header is damaged"),
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
    "TIFF, preview first": (
        _tiff(subfile=1),
        "unsupported_format",
        "begins with a preview, as a camera's raw",
    ),
    "TIFF, preview of a mask first": (_tiff(subfile=5), "unsupported_format", "begins with a preview"),
    "TIFF, preview without a size": (
        _tiff(subfile=1, width=0),
        "unsupported_format",
        "begins with a preview",
    ),
    **{
        f"TIFF of a sensor's values {number}": (
            _tiff(photometric=number),
            "unsupported_format",
            "a camera's raw file .* cannot be used",
        )
        for number in (32803, 34892)
    },
    "CR2": (b"II*\0\x10\0\0\0CR\2\0" + bytes(40), "unsupported_format", r"raw file \(CR2\) cannot"),
    "CR3": (first_box(b"crx ", b"crx ", b"isom"), "unsupported_format", r"raw file \(CR3\) cannot"),
    **{
        f"raw {beginning[:4]!r}": (
            beginning + bytes(40),
            "unsupported_format",
            rf"raw file \({name}\) cannot",
        )
        for beginning, name in (
            (b"FUJIFILMCCD-RAW 0201", "RAF"),
            (b"IIRO\x08\0\0\0", "ORF"),
            (b"IIRS\x08\0\0\0", "ORF"),
            (b"MMOR\0\0\0\x08", "ORF"),
            (b"IIU\0\x18\0\0\0", "RW2"),
            (b"FOVb", "X3F"),
        )
    },
    "TIFF of huge tiles": (_tiff(tile_width=50_000, tile_height=50_000), "corrupt", "tiles larger"),
}


@pytest.mark.parametrize(("data", "kind", "reason"), UNUSABLE.values(), ids=UNUSABLE)
def test_refuses_with_the_reason(data: bytes, kind: str, reason: str) -> None:
    with pytest.raises(UnusableImageError, match=reason) as refusal:
        read_header(data)
    assert (refusal.value.kind, refusal.value.reason) == (kind, str(refusal.value))


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
        for data in (first_box(brand), first_box(b"isom", b"iso8", brand)):
            with pytest.raises(UnusableImageError, match=f"^{name} cannot"):
                read_header(data)


def test_the_refusals_are_kinds_of_findings_and_can_be_pickled() -> None:
    assert set(get_args(UnusableKind)) <= set(KINDS)
    error = pickle.loads(pickle.dumps(UnusableImageError("corrupt", "cut off")))
    assert (error.kind, error.reason, str(error)) == ("corrupt", "cut off", "cut off")
