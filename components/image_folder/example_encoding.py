"""An image and its label as a serialized tf.Example."""

from __future__ import annotations

import tensorflow as tf

from components import contract
from components.image_folder.image_inspection import ImageFacts


def encode_example(
    data: bytes, facts: ImageFacts, *, path: str, sha256: str, label: str, label_id: int
) -> bytes:
    """Serializes one record of the Examples artifact; the keys are those of `components.contract`.

    Args:
        data: the file's own bytes, stored as they are.
        facts: what its header says.
        path: relative to the root of the folder, with "/".
        sha256: hexadecimal digest of `data`.
        label: label name.
        label_id: position of the label in the label file.
    """
    return tf.train.Example(
        features=tf.train.Features(
            feature={
                contract.IMAGE_ENCODED: _bytes(data),
                contract.IMAGE_FORMAT: _bytes(facts.format.encode()),
                contract.IMAGE_HEIGHT: _int64(facts.height),
                contract.IMAGE_WIDTH: _int64(facts.width),
                contract.IMAGE_CHANNELS: _int64(facts.channels),
                contract.IMAGE_FILENAME: _bytes(path.encode("utf-8", "surrogateescape")),
                contract.IMAGE_SHA256: _bytes(sha256.encode()),
                contract.CLASS_TEXT: _bytes(label.encode()),
                contract.CLASS_LABEL: _int64(label_id),
            }
        )
    ).SerializeToString(deterministic=True)


def _bytes(value: bytes) -> tf.train.Feature:
    return tf.train.Feature(bytes_list=tf.train.BytesList(value=[value]))


def _int64(value: int) -> tf.train.Feature:
    return tf.train.Feature(int64_list=tf.train.Int64List(value=[value]))
