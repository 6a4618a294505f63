"""An image and its label as a serialized tf.Example, without TensorFlow and without copying the image.

Protocol Buffers' wire format (https://protobuf.dev/programming-guides/encoding/)
of one fixed shape: an Example holds Features, which hold a map from name to
Feature, which holds a list of one value.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from components import contract
from components.image_folder.image_header import ImageHeader

_BYTES_LIST: Final = b"\x0a"  # Feature.bytes_list, field 1, length-delimited
_INT64_LIST: Final = b"\x1a"  # Feature.int64_list, field 3, length-delimited


def encode_example(
    data: bytes, header: ImageHeader, *, path: str, sha256: str, label: str, label_id: int
) -> tuple[bytes, bytes, bytes]:
    """Serializes one record of the Examples artifact; the keys are those of `components.contract`.

    Args:
        data: the image file's bytes.
        header: of `data`.
        path: relative to the root of the folder, with "/".
        sha256: hexadecimal digest of `data`.
        label: label name.
        label_id: position of the label in the label file.

    Returns:
        What comes before the image, the image (`data` itself), and what comes after it.
    """
    others = b"".join(
        (
            _recurring(label, label_id, header.channels, header.format, header.height, header.width),
            _entry(contract.IMAGE_FILENAME, _bytes(path.encode("utf-8", "surrogateescape"))),
            _SHA256,
            sha256.encode(),
        )
    )
    # From the inside out, each message is headed by its length; the image comes first, so that
    # everything else can follow it in one piece.
    value = b"\x0a" + _varint(len(data))
    bytes_list = _BYTES_LIST + _varint(len(value) + len(data)) + value
    entry = _IMAGE_KEY + _varint(len(bytes_list) + len(data)) + bytes_list
    image = b"\x0a" + _varint(len(entry) + len(data)) + entry
    before = b"\x0a" + _varint(len(image) + len(data) + len(others)) + image
    return before, data, others


# Labels, formats and sizes come again and again.
@lru_cache(maxsize=2**16)
def _recurring(label: str, label_id: int, channels: int, image_format: str, height: int, width: int) -> bytes:
    return b"".join(
        (
            _entry(contract.CLASS_LABEL, _int64(label_id)),
            _entry(contract.CLASS_TEXT, _bytes(label.encode())),
            _entry(contract.IMAGE_CHANNELS, _int64(channels)),
            _entry(contract.IMAGE_FORMAT, _bytes(image_format.encode())),
            _entry(contract.IMAGE_HEIGHT, _int64(height)),
            _entry(contract.IMAGE_WIDTH, _int64(width)),
        )
    )


def _entry(key: str, feature: bytes) -> bytes:
    return _delimited(b"\x0a", _delimited(b"\x0a", key.encode()) + _delimited(b"\x12", feature))


def _int64(value: int) -> bytes:
    return _delimited(_INT64_LIST, _delimited(b"\x0a", _varint(value)))


def _bytes(value: bytes) -> bytes:
    return _delimited(_BYTES_LIST, _delimited(b"\x0a", value))


def _delimited(tag: bytes, content: bytes) -> bytes:
    return tag + _varint(len(content)) + content


def _varint(value: int) -> bytes:
    if value < 0x80:
        return bytes((value,))
    if value < 0x4000:
        return bytes((value & 0x7F | 0x80, value >> 7))
    if value < 0x20_0000:
        return bytes((value & 0x7F | 0x80, value >> 7 & 0x7F | 0x80, value >> 14))
    return bytes((value & 0x7F | 0x80,)) + _varint(value >> 7)


_IMAGE_KEY: Final = _delimited(b"\x0a", contract.IMAGE_ENCODED.encode()) + b"\x12"
_DIGEST_LENGTH: Final = 64
# All but the digest itself, which ends the entry.
_SHA256: Final = _entry(contract.IMAGE_SHA256, _bytes(bytes(_DIGEST_LENGTH)))[:-_DIGEST_LENGTH]
