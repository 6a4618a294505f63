from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
import tensorflow as tf

from components.image_folder.headers.fields import UnusableImageError
from components.image_folder.headers.image_header import read_header
from tests.hazard_images import exif_block, exif_jpeg, exif_png, jpeg, webp
from trainer.exif_orientation import exif_orientation

SIZE = (24, 16)
UPRIGHT = jpeg(1, SIZE)


@tf.function(input_signature=[tf.TensorSpec([None], tf.string)], autograph=False)
def _in_a_graph(files: tf.Tensor) -> tf.Tensor:
    return tf.map_fn(exif_orientation, files, fn_output_signature=tf.int32)


def _orientations(files: Sequence[bytes]) -> list[int]:
    return list(_in_a_graph(tf.constant(files, tf.string)).numpy())


def _segment(marker: int, content: bytes) -> bytes:
    return bytes((0xFF, marker)) + (len(content) + 2).to_bytes(2, "big") + content


def _with(*segments: bytes) -> bytes:
    """A JPEG with these segments right behind its start."""
    return UPRIGHT[:2] + b"".join(segments) + UPRIGHT[2:]


SIX = _segment(0xE1, exif_block(6))


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("thumbnail", [b"", UPRIGHT], ids=["no thumbnail", "thumbnail"])
def test_every_orientation(order: str, thumbnail: bytes) -> None:
    files = [exif_jpeg(orientation, 1, SIZE, order, thumbnail) for orientation in range(1, 9)]
    assert _orientations(files) == list(range(1, 9))


def test_eagerly_too() -> None:
    assert [int(exif_orientation(tf.constant(data))) for data in (UPRIGHT, _with(SIX), b"")] == [1, 6, 1]


@pytest.mark.parametrize(
    "data",
    [
        _with(SIX),
        _with(_segment(0xE0, b"JFIF\0\1\1\0\0\1\0\1\0\0"), SIX),
        _with(_segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0<x/>"), SIX),
        _with(_segment(0xFE, b"Exif\0\0 as a comment"), SIX),
        _with(_segment(0xE2, bytes(65533)), _segment(0xE2, bytes(65533)), SIX),
        _with(SIX, _segment(0xE1, exif_block(3))),
        _with(b"\xff\xff\xff" + SIX),
        _with(_segment(0xFE, b""), b"\0\xff\0\xff\xd0" + SIX),
        _with(*[_segment(0xFE, b"")] * 63, SIX),
        _with(_segment(0xDB, b""), SIX),
        _with(_segment(0xC4, b""), _segment(0xC8, b""), _segment(0xCC, b""), SIX),
        _with(_segment(0xE1, exif_block(6, ">"))),
    ],
    ids=[
        "first", "JFIF first", "XMP first", "a comment first", "far behind", "twice", "fill bytes",
        "stray bytes", "63 comments first", "a table first", "further tables first", "big-endian",
    ],
)  # fmt: skip
def test_wherever_it_is_before_the_image(data: bytes) -> None:
    assert read_header(data).orientation == 6
    assert _orientations([data]) == [6]


def _entry(tag: int, kind: int, value: int) -> bytes:
    return b"".join(
        number.to_bytes(size, "little") for number, size in ((tag, 2), (kind, 2), (1, 4), (value, 4))
    )


def _exif(*entries: bytes, directory: int = 8, count: int | None = None, magic: bytes = b"II*\0") -> bytes:
    said = len(entries) if count is None else count
    tiff = magic + directory.to_bytes(4, "little") + said.to_bytes(2, "little") + b"".join(entries)
    return _segment(0xE1, b"Exif\0\0" + tiff)


TURNED = _entry(0x0112, 3, 6)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (_with(_exif(TURNED)), 6),
        (_with(_exif(_entry(0x010F, 3, 3), TURNED)), 6),
        (_with(_exif(TURNED, _entry(0x0112, 3, 3))), 6),
        (_with(_exif(TURNED, count=65535)), 6),
        (_with(_exif(_entry(0x0112, 4, 3), TURNED)), 6),
        (b"", 1),
        (UPRIGHT, 1),
        (_with(_exif()), 1),
        (_with(_exif(_entry(0x0112, 3, 0))), 1),
        (_with(_exif(_entry(0x0112, 3, 9))), 1),
        (_with(_exif(_entry(0x0112, 4, 6))), 1),
        (_with(_exif(_entry(0x0113, 3, 6))), 1),
        (_with(_exif(TURNED, count=0)), 1),
        (_with(_exif(TURNED[:-1])), 1),
        (_with(_exif(TURNED, magic=b"II+\0")), 1),
        (_with(_exif(TURNED, magic=b"MM*\0")), 1),
        (_with(_exif(TURNED, directory=9)), 1),
        (_with(_exif(TURNED, directory=20)), 1),
        (_with(_exif(TURNED, directory=21)), 1),
        (_with(_exif(TURNED, directory=22)), 1),
        (_with(_exif(TURNED, directory=2**31)), 1),
        (_with(_exif(TURNED, directory=2**32 - 1)), 1),
        (_with(_segment(0xE1, b"Exif\0\0II*\0")), 1),
        (_with(_segment(0xE0, b"Exif\0\0" + SIX[10:])), 1),
        (UPRIGHT + SIX, 1),
        (UPRIGHT[:-2] + SIX + UPRIGHT[-2:], 1),
        (b"\xff\xd8\xff\xd9\0\2" + SIX, 1),
        (b"\xff\xd8" + _segment(0xFE, b"Exif\0\0"), 1),
        (b"\xff\xd8" + _segment(0xFE, b"Exif\0\0") + b"\xff", 1),
        (b"\xff\xd8" + _segment(0xFE, b"Exif\0\0") + b"\xff\xe1\0", 1),
        (b"\xff\xd8" + _segment(0xFE, b"Exif\0\0") + b"\xff\xe1\0\2", 1),
        (b"\xff\xd8" + _segment(0xDA, b"") + SIX, 1),
        (b"\xff\xd8\xff\xe0\0\1" + SIX, 1),
        (_with(*[_segment(0xFE, b"")] * 64, SIX), 1),
        (_with(_segment(0xFE, b""), bytes(62) + SIX), 6),
        (_with(_segment(0xFE, b""), bytes(63) + SIX), 1),
        (_with(*[_segment(0xFE, b"")] * 100_000, SIX), 1),
        (b"\xff\xd8" + b"Exif\0\0", 1),
        (exif_png(6, 1, SIZE), 1),
        (webp(1, SIZE) + SIX, 1),
        (b"\0" + _with(SIX)[1:], 1),
    ],
)  # fmt: skip
def test_only_what_is_valid_counts(data: bytes, expected: int) -> None:
    assert _orientations([data]) == [expected]


def test_ingest_tells_no_orientation_that_the_graph_does_not_find() -> None:
    comment = _segment(0xFE, b"")
    files = [_with(*[comment] * count, SIX) for count in (63, 64, 70)]
    files += [_with(comment, b"\xff" * count, SIX) for count in (62, 63, 100)]
    files += [_with(comment, b"\0" * 31, comment, b"\0" * count, SIX) for count in (30, 31)]
    assert _orientations(files) == [6, 1, 1, 6, 1, 1, 6, 1]
    assert [read_header(data).orientation for data in files] == _orientations(files)


def test_behind_a_frame_header_it_does_not_count() -> None:
    frames = [marker for marker in range(0xC0, 0xD0) if marker not in (0xC4, 0xC8, 0xCC)]
    files = [_with(_segment(marker, b""), SIX) for marker in (*frames, 0xF7)]
    assert _orientations(files) == [1] * len(files)


def test_a_file_that_ends_anywhere() -> None:
    data = _with(_segment(0xE0, b"JFIF\0\1\1\0\0\1\0\1\0\0"), SIX)
    found = _orientations([data[:end] for end in range(len(data))])
    said = data.index(b"\x12\x01\x03\0") + 12
    assert found == [1] * said + [6] * (len(data) - said)


def test_damaged_headers_never_fail_and_are_read_as_ingest_reads_them() -> None:
    random = np.random.default_rng(0)
    originals = [
        exif_jpeg(orientation, 1, SIZE, order) for orientation in range(2, 9) for order in ("<", ">")
    ]
    originals += [_with(_segment(0xE1, b"XMP"), b"\xff", SIX), _with(_exif(_entry(1, 3, 1), TURNED))]
    files = [_damaged(originals[number % len(originals)], random) for number in range(4000)]
    compared = turned = 0
    for data, found in zip(files, _orientations(files), strict=True):
        assert 1 <= found <= 8
        try:
            expected = read_header(data).orientation
        except UnusableImageError:
            continue
        assert found == expected, data[:120]
        compared += 1
        turned += expected > 1
    assert compared > 2000
    assert 500 < turned < compared - 500


def _damaged(data: bytes, random: np.random.Generator) -> bytes:
    """A few changed, removed or added bytes among the first hundred."""
    damaged = bytearray(data)
    for _ in range(random.integers(1, 5)):
        position = int(random.integers(2, 100))
        kind = random.integers(0, 8)
        if kind == 0:
            del damaged[position : position + int(random.integers(1, 4))]
        elif kind == 1:
            damaged[position:position] = bytes(
                random.choice([0, 1, 0xE1, 0xFF], random.integers(1, 4)).tolist()
            )
        else:
            damaged[position] = int(random.choice([0, 1, 6, 8, 0x12, 0xE1, 0xFF, random.integers(0, 256)]))
    return bytes(damaged)
