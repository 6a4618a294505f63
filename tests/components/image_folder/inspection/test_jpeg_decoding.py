from __future__ import annotations

import random
from collections import Counter

import numpy as np
import pytest
import tensorflow as tf

from components.image_folder.headers.image_header import UnusableImageError, read_header
from components.image_folder.inspection.jpeg_decoding import decode_jpeg
from components.image_folder.inspection.reduced_decoding import decode_reduced
from components.image_folder.inspection.reduction import Pixels
from tests import hazard_images as hazards

SMALL = (40, 32)
SCENE = hazards.scene(1, (203, 150))
END = b"\xff\xd9"


def _decoded(data: bytes, ratio: int = 1) -> Pixels | None:
    return decode_jpeg(data, read_header(data), ratio)


def _restarting() -> bytes:
    """With a restart marker behind every row of blocks: 0xD0, 0xD1 and so on."""
    return hazards.encoded(hazards.scene(1, SMALL), "JPEG", quality=60, restart_marker_rows=1)


def _without_middle(data: bytes, new: bytes) -> bytes:
    """Other bytes in place of 20 of the compressed ones."""
    middle = (data.rindex(b"\xff\xda") + len(data)) // 2
    return data[:middle] + new + data[middle + 20 :]


@pytest.mark.parametrize("ratio", [1, 2, 4, 8])
@pytest.mark.parametrize(
    "data",
    [
        hazards.encoded(SCENE, "JPEG", quality=90),
        hazards.encoded(SCENE, "JPEG", quality=90, subsampling=0),
        hazards.encoded(SCENE, "JPEG", quality=60, subsampling=1, restart_marker_rows=1),
        hazards.encoded(SCENE, "JPEG", quality=75, progressive=True),
        hazards.encoded(SCENE.convert("L"), "JPEG", quality=90),
        hazards.encoded(SCENE.convert("L"), "JPEG", quality=75, progressive=True),
        hazards.exif_jpeg(6, 1, (203, 150)),
        hazards.jpeg(1, (8, 9)),
        hazards.jpeg(3, (65, 400)),
        *(hazards.encoded(SCENE.crop((0, 0, *size)), "JPEG") for size in ((1, 9), (9, 1))),
    ],
    ids=[
        "4:2:0",
        "4:4:4",
        "4:2:2",
        "progressive",
        "gray",
        "gray progressive",
        "exif",
        "8x9",
        "tall",
        "1x9",
        "9x1",
    ],
)
def test_the_pixels_are_those_of_tensorflow(data: bytes, ratio: int) -> None:
    pixels = _decoded(data, ratio)
    assert isinstance(pixels, np.ndarray) and pixels.dtype == np.uint8
    assert np.array_equal(pixels, tf.io.decode_jpeg(data, channels=3, ratio=ratio))


@pytest.mark.parametrize(
    "data",
    [
        hazards.cmyk_jpeg(1),
        hazards.ycck_jpeg(1),
        # Bytes that belong to nothing: behind the last block, and between two segments.
        hazards.jpeg(1)[:-2] + b"\1\2\3" * 40 + END,
        hazards.jpeg(1)[:20] + b"\1\2\3" + hazards.jpeg(1)[20:],
        # A version of JFIF that there is none of.
        hazards.jpeg(1)[:11] + b"\7" + hazards.jpeg(1)[12:],
    ],
    ids=["CMYK", "YCCK", "bytes behind the scan", "bytes between segments", "JFIF 7"],
)
def test_what_says_little_is_left_to_tensorflow_which_takes_it(data: bytes) -> None:
    assert _decoded(data) is None
    (pixels,) = decode_reduced([(data, read_header(data))])
    assert isinstance(pixels, np.ndarray)
    assert np.array_equal(pixels, tf.io.decode_jpeg(data, channels=3))


def test_what_both_refuse_to_begin_with_is_left_to_tensorflow_too() -> None:
    """No word of damage: a table that no decoder can use."""
    data = bytearray(hazards.jpeg(1))
    data[data.index(b"\xff\xc4") + 5] = 255  # codes of one bit, of which there are two
    assert _decoded(bytes(data)) is None
    (error,) = decode_reduced([(bytes(data), read_header(data))])
    assert isinstance(error, UnusableImageError)
    assert (error.kind, error.reason) == ("corrupt", "truncated or damaged: the decoder refuses it")


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (hazards.truncated_jpeg(1), "premature end of jpeg file"),
        (hazards.jpeg(1)[:-2], "premature end of jpeg file"),
        (hazards.truncated_jpeg(1) + END, "premature end of data segment"),
        (_without_middle(hazards.jpeg(1), b"\xff\0" * 10), "bad huffman code"),
        (_restarting().replace(b"\xff\xd0", b"\xff\xd5"), "found marker 0xd5 instead of rst0"),
    ],
)
@pytest.mark.parametrize("ratio", [1, 8])
def test_damage_is_refused_in_its_own_words(data: bytes, words: str, ratio: int) -> None:
    with pytest.raises(UnusableImageError) as refused:
        _decoded(data, ratio)
    assert (refused.value.kind, refused.value.reason) == ("corrupt", f"truncated or damaged: {words}")


def test_bytes_behind_the_end_do_no_harm() -> None:
    data = hazards.jpeg(1) + b"what a camera adds" * 9
    assert np.array_equal(_decoded(data), tf.io.decode_jpeg(data, channels=3))


def _mutated(chance: random.Random, data: bytes) -> bytes:
    """With one or two faults, anywhere behind the first marker."""
    for _ in range(chance.choice((1, 1, 2))):
        place = chance.randrange(2, max(3, len(data)))
        fault = chance.randrange(4)
        if fault == 0:
            data = data[:place]
        elif fault == 1 and place < len(data):
            data = data[:place] + bytes([data[place] ^ 1 << chance.randrange(8)]) + data[place + 1 :]
        elif fault == 2:
            data = data[:place] + data[place + chance.randrange(1, 9) :]
        else:
            data = data[:place] + chance.randbytes(chance.randrange(1, 9)) + data[place:]
    return data


def test_whatever_comes_out_of_damaged_files_comes_out_of_tensorflow_too() -> None:
    scene, chance = hazards.scene(1, SMALL), random.Random(1)
    bases = (
        hazards.encoded(scene, "JPEG", quality=60),
        hazards.encoded(scene, "JPEG", quality=60, subsampling=0),
        hazards.encoded(scene, "JPEG", quality=60, progressive=True),
        hazards.encoded(scene, "JPEG", quality=60, restart_marker_blocks=1),
        hazards.gray_jpeg(2, SMALL),
        hazards.encoded(scene.convert("L"), "JPEG", quality=60, progressive=True),
        _restarting(),
    )
    ends: Counter[str] = Counter()
    for _ in range(6000):
        data = _mutated(chance, chance.choice(bases))
        try:
            header = read_header(data)
            if header.width * header.height > 10**6:
                continue
            pixels = decode_jpeg(data, header, 1)
        except UnusableImageError:
            ends["refused"] += 1
            continue
        ends["asked" if pixels is None else "decoded"] += 1
        if pixels is not None:
            assert np.array_equal(pixels, tf.io.decode_jpeg(data, channels=3)), data.hex()
    # Enough of each to mean something.
    assert min(ends["refused"], ends["asked"], ends["decoded"]) > 1000
