"""What the header parser and the transcoder say of TensorFlow's decoders is asked of these decoders."""

from __future__ import annotations

import io
import struct
import warnings
import zlib

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image, ImageFile

from components.image_folder.headers.image_header import ImageHeader, UnusableImageError, read_header
from components.image_folder.inspection.transcode import needs_transcoding, to_png
from tests import hazard_images as hazards
from tests.handmade_images import bmp_file, gif_file, png_file, tiff_file

SCENE = hazards.scene(0)
PIXELS = np.asarray(SCENE)
GRAYS = bytes(value for gray in range(256) for value in (gray, gray, gray, 0))
COLOURS = bytes(value for gray in range(256) for value in (gray, 255 - gray, 7, 0))
MASKS = struct.pack("<III", 0xFF0000, 0xFF00, 0xFF)
REVERSED_MASKS = struct.pack("<III", 0xFF, 0xFF00, 0xFF0000)
ROWS = bytes(range(16))


def decoded(data: bytes) -> np.ndarray:
    """What training and serving see, uint8 [height, width, 3]."""
    return tf.io.decode_image(data, channels=3, expand_animations=False).numpy()


def transcoded(data: bytes) -> np.ndarray:
    """What they see of it as a PNG."""
    return decoded(to_png(data, read_header(data)))


def by_pillow(data: bytes) -> np.ndarray:
    """What they should see, uint8 [height, width, 3]."""
    with Image.open(io.BytesIO(data)) as image:
        return np.asarray(image.convert("RGB"))


DECODABLE = {
    **{f"PNG {mode}": hazards.png(0, mode=mode) for mode in ("1", "L", "LA", "P", "RGB", "RGBA")},
    "PNG, interlaced": png_file((1, 1), 8, 2, [(b"IDAT", zlib.compress(b"\0\1\2\3"))], interlace=1),
    "APNG": hazards.apng(0),
    "GIF": hazards.gif(0),
    "GIF larger than its screen": gif_file((3, 3), [(0, 0, 8, 6)]),
    "GIF without screen": gif_file((0, 0), [(0, 0, 8, 6)]),
    "BMP L": hazards.bmp(0, mode="L"),
    "BMP RGB": hazards.bmp(0),
    "BMP RGBA": hazards.bmp(0, mode="RGBA"),
    "BMP top-down": bmp_file((2, -2), 24, ROWS),
    "BMP of grays": bmp_file((2, 2), 8, ROWS[:8], GRAYS),
    "BMP, few grays": bmp_file((2, 2), 8, ROWS[:8], GRAYS[: 4 * 16], colours=16),
    "BMP masks": bmp_file((2, 2), 32, ROWS, MASKS, compression=3),
    "BMP, long header": bmp_file((2, 2), 32, ROWS, compression=3, header_size=124, rest=MASKS),
}


@pytest.mark.parametrize("data", DECODABLE.values(), ids=DECODABLE)
def test_what_is_called_decodable_comes_out_as_it_should(data: bytes) -> None:
    header = read_header(data)
    assert header.decodable and not needs_transcoding(header)
    pixels = decoded(data)
    assert pixels.shape == (header.height, header.width, 3)
    np.testing.assert_array_equal(pixels, by_pillow(data))


@pytest.mark.parametrize(
    "data",
    [hazards.jpeg(0), hazards.gray_jpeg(0), hazards.encoded(SCENE, "JPEG", progressive=True)],
    ids=["RGB", "gray", "progressive"],
)
def test_jpegs_come_out_as_they_should(data: bytes) -> None:
    assert read_header(data).decodable
    assert np.abs(decoded(data).astype(int) - by_pillow(data)).mean() < 2


@pytest.mark.parametrize("data", [hazards.cmyk_jpeg(0), hazards.ycck_jpeg(0)], ids=["CMYK", "YCCK"])
def test_jpegs_of_inks_come_out_in_the_right_colours(data: bytes) -> None:
    assert read_header(data).decodable
    assert np.abs(decoded(data).astype(int) - PIXELS).mean() < 8


# What the decoder refuses, or takes for something else without a word, and so has to be transcoded.
FOREIGN = {
    "BMP 1 bit": hazards.bmp(0, mode="1"),
    "BMP palette": hazards.bmp(0, mode="P"),
    "BMP 4 bits": bmp_file((2, 2), 4, bytes((0x12, 0, 0, 0, 0x34, 0, 0, 0)), COLOURS[:64]),
    "BMP 8 bits": bmp_file((2, 2), 8, ROWS[:8], COLOURS),
    "BMP 16 bits": bmp_file((2, 2), 16, ROWS[:8]),
    "BMP RLE": bmp_file((2, 2), 8, b"\2\1\0\0\2\5\0\1", GRAYS, compression=1),
    "BMP reversed masks": bmp_file(
        (2, 2), 32, ROWS, compression=3, header_size=108, rest=REVERSED_MASKS + struct.pack("<I", 0xFF000000)
    ),
    "BMP OS/2": bmp_file((2, 2), 24, ROWS, header_size=12),
    "BMP with more behind": bmp_file((2, 2), 24, ROWS) + b"\0\0",
    "GIF, frame within the screen": gif_file((8, 6), [(2, 1, 3, 3)]),
    "GIF, second frame larger": gif_file((8, 6), [(0, 0, 8, 6), (0, 0, 20, 10)]),
    "GIF without colours": gif_file((8, 6), [(0, 0, 8, 6)], table=b""),
    "WEBP": hazards.webp(0),
    "TIFF": hazards.tiff(0),
}


@pytest.mark.parametrize("data", FOREIGN.values(), ids=FOREIGN)
def test_what_is_called_undecodable_is_refused_or_comes_out_wrong(data: bytes) -> None:
    header = read_header(data)
    assert not header.decodable and needs_transcoding(header)
    try:
        pixels = decoded(data)
    except tf.errors.InvalidArgumentError:
        return
    assert not np.array_equal(pixels, by_pillow(data))


@pytest.mark.parametrize("data", FOREIGN.values(), ids=FOREIGN)
def test_transcoded_it_comes_out_right(data: bytes) -> None:
    header = read_header(data)
    pixels = transcoded(data)
    assert pixels.shape == (header.height, header.width, 3)
    np.testing.assert_array_equal(pixels, by_pillow(data))


@pytest.mark.parametrize("marker", [0xC3, 0xC5, 0xC6, 0xC7, 0xC9, 0xCA, 0xCB, 0xCD, 0xCE, 0xCF])
def test_coding_processes_are_refused_as_the_decoder_refuses_them(marker: int) -> None:
    # Sequential processes by a sequential file, progressive ones by a progressive one. Arithmetic decoding
    # turns Huffman codes into noise, but takes them.
    progressive = marker & 3 == 2
    data = hazards.encoded(SCENE, "JPEG", progressive=progressive)
    data = data.replace(b"\xff\xc2" if progressive else b"\xff\xc0", bytes((0xFF, marker)), 1)
    try:
        taken = decoded(data).shape == (48, 64, 3)
    except tf.errors.InvalidArgumentError:
        taken = False
    if taken:
        assert read_header(data) == ImageHeader("JPEG", 64, 48, 3)
    else:
        with pytest.raises(UnusableImageError, match="a JPEG of a rare kind"):
            read_header(data)
    assert taken == (marker in (0xC9, 0xCA))


@pytest.mark.parametrize(
    ("offset", "field"), [(4, b"\x0c"), (5, b"\0\0"), (7, b"\0\0")], ids=["12 bits", "no height", "no width"]
)
def test_frame_headers_are_refused_as_the_decoder_refuses_them(offset: int, field: bytes) -> None:
    data = bytearray(hazards.jpeg(0))
    start = data.index(b"\xff\xc0") + offset
    data[start : start + len(field)] = field
    with pytest.raises(UnusableImageError):
        read_header(bytes(data))
    with pytest.raises(tf.errors.InvalidArgumentError):
        decoded(bytes(data))


@pytest.mark.parametrize("mode", ["L", "LA", "P", "RGB", "RGBA"])
def test_alpha_is_dropped_as_in_a_png(mode: str) -> None:
    png = decoded(hazards.png(0, mode=mode))
    np.testing.assert_array_equal(transcoded(hazards.tiff(0, mode=mode)), png)
    if mode.startswith("RGB"):
        np.testing.assert_array_equal(transcoded(hazards.webp(0, lossless=True, mode=mode)), png)
        np.testing.assert_array_equal(png, PIXELS)


@pytest.mark.parametrize("transparent", [None, 0, 2])
def test_the_first_frame_of_a_gif_is_that_which_the_decoder_gives(transparent: int | None) -> None:
    data = gif_file((8, 6), [(0, 0, 8, 6), (1, 1, 4, 4)], transparent=transparent)
    assert needs_transcoding(read_header(data))
    np.testing.assert_array_equal(transcoded(data), decoded(data))
    assert (decoded(data).sum(axis=2) == 0).any() == (transparent is not None)


@pytest.mark.parametrize("mode", ["1", "CMYK"])
@pytest.mark.parametrize("options", [{}, {"compression": "tiff_lzw"}, {"tiffinfo": {322: 16, 323: 16}}])
def test_other_tiffs_come_out_as_by_pillow(mode: str, options: dict[str, object]) -> None:
    data = hazards.tiff(0, mode=mode, **options)
    np.testing.assert_array_equal(transcoded(data), by_pillow(data))


# Every value of 16 bits.
DEEP = np.arange(65536, dtype=np.uint16).reshape(256, 256)


@pytest.mark.parametrize(
    ("order", "photometric"),
    [("<", 0), ("<", 1), (">", 1)],
    ids=["white is 0", "little-endian", "big-endian"],
)
def test_of_16_bits_the_upper_8_are_used_as_in_a_png(order: str, photometric: int) -> None:
    tags = [(256, 3, 256), (257, 3, 256), (258, 3, 16), (259, 3, 1), (262, 3, photometric), (277, 3, 1)]
    data = tiff_file(tags, DEEP.astype(order + "u2").tobytes(), order)
    png = decoded(hazards.encoded(Image.fromarray(DEEP), "PNG"))
    np.testing.assert_array_equal(png[..., 0], DEEP >> 8)
    np.testing.assert_array_equal(transcoded(data), png if photometric else 255 - png)


@pytest.mark.parametrize("colour", [2, 6])
def test_of_16_bits_the_upper_8_are_used_in_colours_too(colour: int) -> None:
    channels = {2: 3, 6: 4}[colour]
    values = np.random.default_rng(0).integers(0, 65536, (4, 4, channels)).astype(">u2")
    rows = b"".join(b"\0" + row.tobytes() for row in values)
    exif = hazards.exif_block(1)[6:]
    data = png_file((4, 4), 16, colour, [(b"eXIf", exif), (b"IDAT", zlib.compress(rows))])
    np.testing.assert_array_equal(decoded(data), values[..., :3] >> 8)
    np.testing.assert_array_equal(transcoded(data), decoded(data))


def test_of_12_bits_the_upper_8_are_used() -> None:
    tags = [*PLAIN, (256, 3, 2), (257, 3, 1), (258, 3, 12), (278, 3, 1)]
    assert transcoded(tiff_file(tags, b"\xab\xcd\x12"))[0, :, 0].tolist() == [0xAB, 0xD1]


@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation_is_baked_in(orientation: int) -> None:
    png = hazards.exif_png(orientation, 0)
    stored = hazards.stored_under(SCENE, orientation)
    webp = hazards.encoded(stored, "WEBP", lossless=True, exif=hazards.exif_block(orientation))
    tiff = hazards.encoded(stored, "TIFF", tiffinfo={274: orientation})
    assert needs_transcoding(read_header(png)) == (orientation != 1)
    for data in (png, webp, tiff):
        np.testing.assert_array_equal(transcoded(data), PIXELS)
    jpeg = read_header(hazards.exif_jpeg(orientation, 0))
    assert jpeg.orientation == orientation and not needs_transcoding(jpeg)


def test_transparency_in_a_palette_is_dropped_without_a_warning() -> None:
    exif = hazards.exif_block(6)[6:]
    chunks = [(b"PLTE", bytes(range(12))), (b"tRNS", bytes(3)), (b"eXIf", exif)]
    data = png_file((2, 2), 8, 3, [*chunks, (b"IDAT", zlib.compress(bytes((0, 0, 1, 0, 2, 3))))])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        pixels = transcoded(data)
    np.testing.assert_array_equal(pixels, np.arange(12).reshape(2, 2, 3)[[[1, 0], [1, 0]], [[0, 0], [1, 1]]])


def test_what_exif_says_of_white_is_of_no_account() -> None:
    exif = Image.Exif()
    exif[274], exif[262] = 3, 0
    png = hazards.encoded(Image.fromarray(DEEP), "PNG", exif=exif)
    np.testing.assert_array_equal(transcoded(png)[..., 0], DEEP[::-1, ::-1] >> 8)


def test_the_same_in_is_the_same_out_and_nothing_but_pixels() -> None:
    options = {"icc_profile": bytes(500), "dpi": (72, 72), "description": "a picture"}
    data = hazards.tiff(0, **options)
    png = to_png(data, read_header(data))
    assert png == to_png(data, read_header(data)) == to_png(hazards.tiff(0), read_header(hazards.tiff(0)))
    names, position = [], 8
    while position < len(png):
        names.append(png[position + 4 : position + 8])
        position += 12 + int.from_bytes(png[position : position + 4], "big")
    assert names == [b"IHDR", b"IDAT", b"IEND"]


def test_gray_stays_gray() -> None:
    for mode, channels in (("1", 1), ("L", 1), ("LA", 1), ("P", 3), ("RGBA", 3)):
        data = hazards.tiff(0, mode=mode)
        assert read_header(to_png(data, read_header(data))).channels == channels


# Not compressed, 0 is black, one channel.
PLAIN = [(259, 3, 1), (262, 3, 1), (277, 3, 1)]
DAMAGED = {
    "truncated WebP": hazards.webp(0)[:-200],
    "truncated BMP": bmp_file((2, 2), 24, ROWS)[:-5],
    "truncated GIF": gif_file((8, 6), [(2, 1, 3, 3)])[:-6],
    "truncated TIFF": tiff_file(
        [(256, 3, 2), (257, 3, 99), (258, 3, 8), (259, 3, 1), (262, 3, 1), (277, 3, 1), (278, 3, 99)],
        bytes(9),
    ),
    "corrupt PNG": hazards.exif_png(6, 0)[:-500] + hazards.exif_png(6, 0)[-480:],
    "TIFF of no known kind": tiff_file([*PLAIN, (256, 3, 1), (257, 3, 1), (258, 3, 7)], bytes(9)),
}


@pytest.mark.parametrize("data", DAMAGED.values(), ids=DAMAGED)
def test_what_pillow_refuses_is_corrupt(data: bytes) -> None:
    header = read_header(data)
    assert not ImageFile.LOAD_TRUNCATED_IMAGES
    with pytest.raises(UnusableImageError, match="damaged, or a kind of") as refusal:
        to_png(data, header)
    assert refusal.value.kind == "corrupt"
    assert header.format in refusal.value.reason


def test_a_size_other_than_the_one_that_was_checked_is_refused() -> None:
    data = hazards.tiff(0)
    with pytest.raises(UnusableImageError):
        to_png(data, read_header(data)._replace(height=47))


def test_a_format_other_than_the_one_that_was_checked_is_refused() -> None:
    with pytest.raises(UnusableImageError):
        to_png(hazards.tiff(0), read_header(hazards.webp(0)))


def test_pillow_still_refuses_bombs() -> None:
    side = 20_000
    data = tiff_file([*PLAIN, (256, 3, side), (257, 3, side), (258, 3, 8)], bytes(9))
    with pytest.raises(UnusableImageError) as refusal:
        to_png(data, read_header(data))
    assert isinstance(refusal.value.__cause__, Image.DecompressionBombError)
