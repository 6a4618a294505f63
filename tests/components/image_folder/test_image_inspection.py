from __future__ import annotations

import io
import struct
import zlib

import pytest
from PIL import Image, ImageFile

from components.image_folder.image_inspection import ImageFacts, UnusableImageError, inspect_image
from tests.image_files import image_bytes


@pytest.mark.parametrize(
    ("image_format", "mode", "channels"),
    [
        ("JPEG", "RGB", 3),
        ("JPEG", "L", 1),
        ("PNG", "RGBA", 4),
        ("PNG", "P", 1),
        ("GIF", "P", 1),
        ("BMP", "RGB", 3),
    ],
)
def test_reads_the_header(image_format: str, mode: str, channels: int) -> None:
    data = image_bytes(0, image_format, mode=mode)
    assert inspect_image(data) == ImageFacts(image_format, height=24, width=32, channels=channels)


def _png_that_claims(width: int, height: int) -> bytes:
    def chunk(name: bytes, content: bytes) -> bytes:
        body = name + content
        return struct.pack(">I", len(content)) + body + struct.pack(">I", zlib.crc32(body))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", b"") + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "the file is empty"),
        (b"hello, I am text\n" * 10, "not an image"),
        (image_bytes(0, "TIFF"), "TIFF is not among the formats"),
        (image_bytes(0, "WEBP"), "WEBP is not among the formats"),
        (_png_that_claims(10_000, 10_000), "million pixels"),
        (_png_that_claims(60_000, 60_000), "million pixels"),
        (b"\xff\xd8\xff\xe0", "not an image|header is damaged"),
    ],
    ids=["empty", "text", "tiff", "webp", "large", "bomb", "cut off"],
)
def test_refuses_with_the_reason(data: bytes, reason: str) -> None:
    with pytest.raises(UnusableImageError, match=reason):
        inspect_image(data)


def test_decodes_no_pixels(monkeypatch: pytest.MonkeyPatch) -> None:
    decoded: list[object] = []
    data = image_bytes(0)
    monkeypatch.setattr(ImageFile.ImageFile, "load", lambda image: decoded.append(image))
    inspect_image(data)
    assert decoded == []
    with Image.open(io.BytesIO(data)) as image:
        image.load()
    assert len(decoded) == 1
