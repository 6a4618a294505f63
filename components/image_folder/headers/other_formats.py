"""Names for what bytes are when they are none of the image formats that can be used."""

from __future__ import annotations

import re
from typing import Final

# Formats by how their files begin.
_BEGINNINGS: Final = (
    (b"\x00\x00\x00\x0cjP  \r\n\x87\n", "JPEG 2000"),
    (b"\xff\x4f\xff\x51", "JPEG 2000"),
    (b"\x00\x00\x00\x0cJXL \r\n\x87\n", "JPEG XL"),
    (b"\xff\x0a", "JPEG XL"),
    (b"\x00\x00\x01\x00", "ICO"),
    (b"8BPS", "PSD"),
    (b"%PDF-", "PDF"),
    (b"II\x2b\x00", "BigTIFF"),
    (b"MM\x00\x2b", "BigTIFF"),
    (b"FUJIFILMCCD-RAW", "a camera's raw file (RAF)"),
    (b"IIRO", "a camera's raw file (ORF)"),
    (b"IIRS", "a camera's raw file (ORF)"),
    (b"MMOR", "a camera's raw file (ORF)"),
    (b"IIU\x00", "a camera's raw file (RW2)"),
    (b"FOVb", "a camera's raw file (X3F)"),
)
# ISO/IEC 23008-12 (HEIF) and the AV1 image file format, by the brands of their `ftyp` box.
_HEIC_BRANDS: Final = frozenset((b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx"))
_AVIF_BRANDS: Final = frozenset((b"avif", b"avis"))
_HEIF_BRANDS: Final = frozenset((b"mif1", b"msf1", b"mif2"))
_RAW_BRANDS: Final = frozenset((b"crx ",))
# How far to look for what a text is.
_TEXT_BYTES: Final = 4096


def unusable_image_format(data: bytes) -> str | None:
    """The name of an image format that is recognised but cannot be used, or None."""
    for beginning, name in _BEGINNINGS:
        if data.startswith(beginning):
            return name
    if data[4:8] == b"ftyp":
        return _heif(data)
    return "SVG" if _root_element(data) == b"svg" else None


def is_web_page(data: bytes) -> bool:
    """Whether it is HTML, which is what a failed download often leaves behind."""
    return _root_element(data) == b"html"


def _heif(data: bytes) -> str | None:
    """The kind of HEIF by the brands that the file lists, the one it is made for first."""
    listed = data[8 : min(int.from_bytes(data[:4], "big"), 256)]
    brands = {listed[start : start + 4] for start in range(0, len(listed), 4)}
    for known, name in (
        (_AVIF_BRANDS, "AVIF"),
        (_HEIC_BRANDS, "HEIC"),
        (_HEIF_BRANDS, "HEIF"),
        (_RAW_BRANDS, "a camera's raw file (CR3)"),
    ):
        if not brands.isdisjoint(known):
            return name
    return None


def _root_element(data: bytes) -> bytes:
    """Name of the outermost element of a text in XML or HTML, in small letters; empty for anything else."""
    text = data[:_TEXT_BYTES].removeprefix(b"\xef\xbb\xbf").lower().lstrip()
    while text.startswith((b"<?", b"<!")):
        if text.startswith(b"<!doctype"):
            return _first_word(text[9:].lstrip())
        end = b"-->" if text.startswith(b"<!--") else b">"
        text = text.partition(end)[2].lstrip()
    return _first_word(text[1:]) if text.startswith(b"<") else b""


def _first_word(text: bytes) -> bytes:
    return (re.match(rb"[\w:]*", text) or [b""])[0]
