"""Which way up a JPEG is stored, read from its bytes within a TensorFlow graph.

Exif (CIPA DC-008-2019, "Exif 2.32") puts a TIFF file into a JPEG's APP1 segment (section 4.7.2), and the
orientation into tag 0x0112 of that file's first directory (section 4.6.4). TensorFlow's decoder passes
over it.

There are as few operations and branches as possible: each costs about a microsecond an image.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import tensorflow as tf

_JPEG: Final = b"\xff\xd8\xff"
_EXIF: Final = b"Exif\0\0"
_EXIF_PATTERN: Final = r"Exif\x00\x00"
# Exif belongs right behind the start of the image; in practice one or two segments come before it. The
# limit keeps a file that consists of thousands of them from holding up a server.
_MOST_STEPS: Final = 64

_ORIENTATION: Final = 0x0112
_SHORT: Final = 3
_SHORTS_AN_ENTRY: Final = 6  # tag, type, number of values (2), value (2)

# What 0xFF and the byte after it are (ITU-T T.81, table B.1).
_NOTHING, _SEGMENT, _APP1, _END = range(4)
# States of the walk from segment to segment.
_WALKING, _FOUND, _NONE = range(3)


def begins_as_jpeg(data: tf.Tensor) -> tf.Tensor:
    """Whether a file's bytes, a string scalar, begin as those of a JPEG do: bool scalar."""
    return tf.equal(tf.strings.substr(data, 0, len(_JPEG)), _JPEG)


def exif_orientation(data: tf.Tensor) -> tf.Tensor:
    """Reads the orientation of a JPEG; never fails, whatever the bytes.

    Args:
        data: string scalar, a file's bytes.

    Returns:
        int32 scalar from 1 to 8; 1, which is upright, for other formats and where nothing valid is said.
    """
    return tf.cond(begins_as_jpeg(data), lambda: _jpeg_orientation(data), lambda: tf.constant(1))


def _jpeg_orientation(data: tf.Tensor) -> tf.Tensor:
    # Files without Exif end here, after a search at the speed of memory. `regex_full_match` would
    # not have to copy the bytes, but takes ten times as long to look through them.
    without = tf.strings.regex_replace(data, _EXIF_PATTERN, "", replace_global=False)
    return tf.cond(
        tf.strings.length(without) < tf.strings.length(data),
        lambda: _tiff_orientation(_exif_block(data)),
        lambda: tf.constant(1),
    )


def _exif_block(data: tf.Tensor) -> tf.Tensor:
    """The TIFF file in the first APP1 segment with Exif; empty where there is none before the image.

    The data begins as a JPEG does, and has Exif's signature somewhere.
    Bytes between segments, fill bytes and markers that stand alone are passed over, as the decoder does.
    """
    size = tf.strings.length(data)

    def word(position: tf.Tensor) -> tf.Tensor:
        """Four bytes: a marker, and what is the length of a segment with that marker."""
        four = tf.strings.substr(data, position, 4)
        return tf.reshape(tf.io.decode_raw(four, tf.int32, little_endian=False), [])

    def step(position: tf.Tensor, _: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        marker_and_length = word(position)
        # As a signed number, a marker is from -256 to -1.
        marker = tf.bitwise.right_shift(marker_and_length, 16)
        kind = tf.gather(_KINDS, tf.maximum(tf.minimum(marker, 0), -257) + 257)
        length = tf.bitwise.bitwise_and(marker_and_length, 0xFFFF)
        nothing = tf.equal(kind, _NOTHING)
        found = tf.equal(kind, _APP1) & tf.equal(tf.strings.substr(data, position + 4, len(_EXIF)), _EXIF)
        following = position + tf.where(nothing, 1, 2 + length)
        on = (nothing | (tf.not_equal(kind, _END) & (length >= 2))) & (following + 4 <= size)
        return (
            tf.where(found, position, following),
            tf.where(found, _FOUND, tf.where(on, _WALKING, _NONE)),
        )

    position, state = tf.while_loop(
        lambda _, state: tf.equal(state, _WALKING),
        step,
        (tf.constant(len(b"\xff\xd8")), tf.constant(_WALKING)),
        maximum_iterations=_MOST_STEPS,
        parallel_iterations=1,
    )
    found = tf.equal(state, _FOUND)
    segment = tf.where(found, position, 0)
    start = segment + 4 + len(_EXIF)
    end = tf.minimum(segment + 2 + tf.bitwise.bitwise_and(word(segment), 0xFFFF), size)
    return tf.strings.substr(data, tf.minimum(start, size), tf.where(found, tf.maximum(end - start, 0), 0))


def _tiff_orientation(block: tf.Tensor) -> tf.Tensor:
    """The orientation in the first directory of a TIFF file (TIFF 6.0, section 2)."""
    size = tf.strings.length(block)
    # What is read at a valid place never ends behind the padding.
    padded = tf.strings.join([block, b"\0" * 10])
    little = tf.equal(tf.strings.substr(padded, 0, 4), b"II*\0")
    big = tf.equal(tf.strings.substr(padded, 0, 4), b"MM\0*")

    def numbers(position: tf.Tensor | int, length: tf.Tensor | int, dtype: tf.DType) -> tf.Tensor:
        part = tf.strings.substr(padded, position, length)
        as_little, as_big = (tf.io.decode_raw(part, dtype, little_endian=order) for order in (True, False))
        return tf.cast(tf.where(little, as_little, as_big), tf.int32)

    directory = numbers(4, 4, tf.int32)[0]
    valid = (little | big) & (directory >= 0) & (directory <= size - 2)
    directory = tf.where(valid, directory, 0)
    count = numbers(directory, 2, tf.uint16)[0]
    whole_entries = tf.minimum(count, (size - directory - 2) // (2 * _SHORTS_AN_ENTRY))
    entries = numbers(directory + 2, 2 * _SHORTS_AN_ENTRY * tf.where(valid, whole_entries, 0), tf.uint16)
    # The last one makes sure that there is one.
    upright = [_ORIENTATION, _SHORT, 0, 1, 1, 0]
    entries = tf.reshape(tf.concat([entries, upright], 0), (-1, _SHORTS_AN_ENTRY))
    is_orientation = tf.equal(entries[:, 0], _ORIENTATION) & tf.equal(entries[:, 1], _SHORT)
    orientation = entries[tf.argmax(is_orientation), 4]
    return tf.where((orientation >= 1) & (orientation <= 8), orientation, 1)


def _kinds() -> np.ndarray:
    """Kind of every marker from 0xFF00 to 0xFFFF, with what is no marker before and behind them."""
    kinds = np.full(256, _SEGMENT, np.int32)
    kinds[[0x00, 0x01, *range(0xD0, 0xD9), 0xFF]] = _NOTHING
    kinds[0xE1] = _APP1
    # Frame headers, the end of the image, a scan.
    kinds[[*range(0xC0, 0xC4), *range(0xC5, 0xC8), *range(0xC9, 0xCC), *range(0xCD, 0xD0)]] = _END
    kinds[[0xD9, 0xDA, 0xF7]] = _END
    return np.pad(kinds, 1, constant_values=_NOTHING)


_KINDS: Final = _kinds()
