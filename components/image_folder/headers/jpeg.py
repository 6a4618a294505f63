"""JPEG (ITU-T T.81)."""

from __future__ import annotations

import re
from struct import unpack_from
from typing import Final

from components.image_folder.headers.exif import exif_orientation
from components.image_folder.headers.fields import ImageHeader, corrupt, unsupported

# Bytes before a marker, fill bytes and markers that stand alone are passed over, as the decoder does.
_JPEG_MARKER: Final = re.compile(rb"\xff[\x02-\xcf\xd9-\xfe]")
# Markers of segments, of those.
_JPEG_SEGMENTS: Final = frozenset((*range(0xC0, 0xD0), *range(0xD9, 0xFF)))
# Frame headers (ITU-T T.81, table B.1). Arithmetic coding is among what TensorFlow's libjpeg-turbo takes.
_JPEG_DECODED: Final = frozenset((0xC0, 0xC1, 0xC2, 0xC9, 0xCA))
_JPEG_NOT_DECODED: Final = {
    0xC3: "lossless",
    0xC5: "hierarchical",
    0xC6: "hierarchical",
    0xC7: "hierarchical",
    0xCB: "lossless",
    0xCD: "hierarchical",
    0xCE: "hierarchical",
    0xCF: "hierarchical",
    0xF7: "JPEG-LS",
}

# No camera writes a hundred; a file made up of nothing else would take seconds to walk through.
_MAX_SEGMENTS: Final = 10_000
# So far the graph that trains and serves looks for Exif (`trainer.exif_orientation`): segments, and bytes
# that belong to none, each count as a step. What it does not find must not be told as turned upright.
_MAX_STEPS_TO_EXIF: Final = 64


def read_jpeg(data: bytes) -> ImageHeader:
    """Walks the segments to the frame header (ITU-T T.81, annex B)."""
    orientation: int | None = None
    position = 2
    steps = 0
    for _ in range(_MAX_SEGMENTS):
        start = _behind_marker(data, position)
        if not start:
            break
        steps += start - 1 - position
        marker = data[start - 1]
        if marker in _JPEG_DECODED:
            return _jpeg_frame(data, start, orientation or 1)
        if marker in _JPEG_NOT_DECODED:
            raise unsupported(f"a JPEG of a rare kind ({_JPEG_NOT_DECODED[marker]})")
        if marker == 0xDA or marker == 0xD9:  # the scan, or the end of the image
            break
        length = data[start] << 8 | data[start + 1]
        if length < 2:
            raise corrupt("the JPEG has a segment of impossible length")
        in_reach = orientation is None and steps <= _MAX_STEPS_TO_EXIF
        if marker == 0xE1 and in_reach and data.startswith(b"Exif\0\0", start + 2):
            orientation = exif_orientation(data, start + 2, start + length)
        position = start + length
    raise corrupt("the JPEG has no frame header")


def _behind_marker(data: bytes, position: int) -> int:
    """Where the segment of the next marker begins; 0 if there is none."""
    # Nearly always a marker lies where the segment before it ends, and is no fill byte.
    next_one = data[position : position + 2]
    if len(next_one) == 2 and next_one[0] == 0xFF and next_one[1] in _JPEG_SEGMENTS:
        return position + 2
    found = _JPEG_MARKER.search(data, position)
    return found.end() if found else 0


def _jpeg_frame(data: bytes, start: int, orientation: int) -> ImageHeader:
    length, bits, height, width, channels = unpack_from(">HBHHB", data, start)
    if bits != 8:
        raise unsupported(f"a JPEG with {bits} bits a channel")
    if length != 8 + 3 * channels:
        raise corrupt("the JPEG has a frame header of impossible length")
    if channels not in (1, 3, 4):
        raise unsupported(f"a JPEG with {channels} channels")
    return ImageHeader("JPEG", width, height, channels, cmyk=channels == 4, orientation=orientation)
