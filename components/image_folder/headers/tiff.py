"""TIFF 6.0: the first image in the file."""

from __future__ import annotations

from struct import unpack_from
from typing import Final

from components.image_folder.headers.exif import valid_orientation
from components.image_folder.headers.fields import ImageHeader, corrupt, unsupported

_SUBFILE, _WIDTH, _HEIGHT, _BITS, _PHOTOMETRIC, _ORIENTATION, _SAMPLES = 254, 256, 257, 258, 262, 274, 277
_TILE_WIDTH, _TILE_HEIGHT, _EXTRA_SAMPLES, _SAMPLE_FORMAT = 322, 323, 338, 339
# Tags that are read, with what is meant when they are absent.
_DEFAULTS: Final = {
    _SUBFILE: 0,
    _WIDTH: 0,
    _HEIGHT: 0,
    _BITS: 1,
    _PHOTOMETRIC: 1,
    _ORIENTATION: 1,
    _SAMPLES: 1,
    _TILE_WIDTH: 0,
    _TILE_HEIGHT: 0,
    _EXTRA_SAMPLES: 0,
    _SAMPLE_FORMAT: 1,
}
_PALETTE, _CMYK = 3, 5
_LAB: Final = (8, 9, 10)
# A sensor's values, of one colour a pixel or of all (DNG 1.4).
_SENSOR: Final = (32803, 34892)
_REDUCED: Final = 1
# Letter for `struct` and bytes of the types that numbers come in: BYTE, SHORT and LONG.
_TYPES: Final = {1: ("B", 1), 3: ("H", 2), 4: ("I", 4)}
# A tile may be larger than a small image; one beyond that is there to exhaust the memory.
_TILE_PIXELS: Final = 2**24


def read_tiff(data: bytes) -> ImageHeader:
    """Reads the first directory.

    That of a camera's raw file is of a preview or of what the sensor says, neither of which is the picture.
    """
    if data.startswith(b"CR", 8):
        raise unsupported("a camera's raw file (CR2)")
    order = "<" if data.startswith(b"II") else ">"
    directory = unpack_from(order + "I", data, 4)[0]
    entries = unpack_from(order + "H", data, directory)[0]
    end = directory + 2 + 12 * entries
    tags = dict(_DEFAULTS)
    for position in range(directory + 2, end, 12):
        tag, kind, count = unpack_from(order + "HHI", data, position)
        if tag in tags and kind in _TYPES and count:
            letter, size = _TYPES[kind]
            where = position + 8 if size * count <= 4 else unpack_from(order + "I", data, position + 8)[0]
            tags[tag] = unpack_from(order + letter, data, where)[0]
    width, height, channels, bits = tags[_WIDTH], tags[_HEIGHT], tags[_SAMPLES], tags[_BITS]
    photometric = tags[_PHOTOMETRIC]
    if tags[_SUBFILE] & _REDUCED:
        raise unsupported("a TIFF that begins with a preview, as a camera's raw file does,")
    if photometric in _SENSOR:
        raise unsupported("a camera's raw file (TIFF of a sensor's values)")
    if not channels or not bits:
        raise corrupt(f"a TIFF of {channels} channels of {bits} bits")
    if tags[_SAMPLE_FORMAT] in (2, 3) or bits > 16:
        raise unsupported(f"a TIFF of floating-point, signed or {bits}-bit numbers")
    if photometric in _LAB:
        raise unsupported("a TIFF in CIE L*a*b* colours")
    if tags[_TILE_WIDTH] * tags[_TILE_HEIGHT] > max(2 * width * height, _TILE_PIXELS):
        raise corrupt("the TIFF has tiles larger than the image")
    palette = photometric == _PALETTE
    return ImageHeader(
        "TIFF",
        width,
        height,
        channels,
        8 if palette else bits,
        palette,
        alpha=tags[_EXTRA_SAMPLES] in (1, 2),
        cmyk=photometric == _CMYK,
        animated=any(data[end : end + 4]),
        orientation=valid_orientation(tags[_ORIENTATION]),
        decodable=False,
    )
