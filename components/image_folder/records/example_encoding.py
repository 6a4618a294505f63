"""An image and its label as a serialized tf.Example, without TensorFlow and without copying the image.

Protocol Buffers' wire format (https://protobuf.dev/programming-guides/encoding/)
of one fixed shape: an Example holds Features, which hold a map from name to
Feature, which holds a list of one value.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from components import contract
from components.image_folder.headers.image_header import ImageHeader

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
    name = path.encode("utf-8", "surrogateescape")
    others = b"".join(
        (
            _recurring(label, label_id, header.channels, header.format, header.height, header.width),
            _before_name(len(name)),
            name,
            _BEFORE_SHA256,
            sha256.encode(),
        )
    )
    # The image comes first, so that everything else can follow it in one piece.
    image = _before_bytes(contract.IMAGE_ENCODED.encode(), len(data))
    return b"\x0a" + _varint(len(image) + len(data) + len(others)) + image, data, others


# Labels, formats and sizes come again and again.
@lru_cache(maxsize=2**12)
def _recurring(label: str, label_id: int, channels: int, image_format: str, height: int, width: int) -> bytes:
    return b"".join(
        (
            _int64_entry(contract.CLASS_LABEL, label_id),
            _bytes_entry(contract.CLASS_TEXT, label.encode()),
            _int64_entry(contract.IMAGE_CHANNELS, channels),
            _bytes_entry(contract.IMAGE_FORMAT, image_format.encode()),
            _int64_entry(contract.IMAGE_HEIGHT, height),
            _int64_entry(contract.IMAGE_WIDTH, width),
        )
    )


def _int64_entry(key: str, value: int) -> bytes:
    feature = _delimited(_INT64_LIST, _delimited(b"\x0a", _varint(value)))
    return _delimited(b"\x0a", _delimited(b"\x0a", key.encode()) + _delimited(b"\x12", feature))


def _bytes_entry(key: str, value: bytes) -> bytes:
    return _before_bytes(key.encode(), len(value)) + value


def _before_bytes(key: bytes, length: int) -> bytes:
    """All of a feature's entry but the value itself, which ends it: what holds it is headed by its length."""
    value = b"\x0a" + _varint(length)
    length += len(value)
    bytes_list = _BYTES_LIST + _varint(length) + value
    length += len(bytes_list) - len(value)
    entry = b"\x0a" + _varint(len(key)) + key + b"\x12" + _varint(length) + bytes_list
    return b"\x0a" + _varint(length + len(entry) - len(bytes_list)) + entry


@lru_cache(maxsize=2**12)
def _before_name(length: int) -> bytes:
    return _before_bytes(contract.IMAGE_FILENAME.encode(), length)


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


_BEFORE_SHA256: Final = _before_bytes(contract.IMAGE_SHA256.encode(), 64)
