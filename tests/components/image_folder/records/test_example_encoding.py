from __future__ import annotations

import pytest
import tensorflow as tf

from components import contract
from components.image_folder.headers.image_header import ImageHeader
from components.image_folder.records.example_encoding import encode_example


@pytest.mark.parametrize("size", [0, 1, 127, 128, 16_383, 16_384, 3_000_000])
def test_protocol_buffers_read_it_and_need_as_many_bytes(size: int) -> None:
    data = bytes(size)
    header = ImageHeader("JPEG", width=640, height=70_000, channels=3)
    parts = encode_example(
        data, header, path="cat/caf\udce9.jpg", sha256="ab" * 32, label="größe", label_id=300
    )
    assert parts[1] is data  # not copied
    encoded = b"".join(parts)
    example = tf.train.Example.FromString(encoded)
    assert len(example.SerializeToString()) == len(encoded)
    values = {
        key: (*feature.bytes_list.value, *feature.int64_list.value)
        for key, feature in example.features.feature.items()
    }
    assert values == {
        contract.IMAGE_ENCODED: (data,),
        contract.IMAGE_FORMAT: (b"JPEG",),
        contract.IMAGE_HEIGHT: (70_000,),
        contract.IMAGE_WIDTH: (640,),
        contract.IMAGE_CHANNELS: (3,),
        contract.IMAGE_FILENAME: (b"cat/caf\xe9.jpg",),
        contract.IMAGE_SHA256: (b"ab" * 32,),
        contract.CLASS_TEXT: ("größe".encode(),),
        contract.CLASS_LABEL: (300,),
    }
