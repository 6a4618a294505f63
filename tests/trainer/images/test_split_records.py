from __future__ import annotations

from pathlib import Path

import pytest
import tensorflow as tf

from components.contract import CLASS_LABEL, IMAGE_SHA256, ConfigError
from trainer.images.split_records import read_split


def _example(label: int) -> bytes:
    features = {
        CLASS_LABEL: tf.train.Feature(int64_list=tf.train.Int64List(value=[label])),
        IMAGE_SHA256: tf.train.Feature(bytes_list=tf.train.BytesList(value=[b"%d" % label])),
    }
    return tf.train.Example(features=tf.train.Features(feature=features)).SerializeToString()  # type: ignore[no-any-return]


@pytest.fixture
def shard(tmp_path: Path) -> Path:
    (folder := tmp_path / "7" / "Split-train").mkdir(parents=True)
    with tf.io.TFRecordWriter(str(folder / "images.tfrecord")) as writer:
        for label in range(3):
            writer.write(_example(label))
    return folder / "images.tfrecord"


def test_labels_and_keys_come_in_the_order_of_the_shard(shard: Path) -> None:
    records = read_split(str(shard.parent / "*"))
    assert records.labels.tolist() == [0, 1, 2]
    assert records.keys == ("0", "1", "2")


@pytest.mark.parametrize(
    ("cut", "flipped", "what"), [(3, 0, "truncated record"), (0, 30, "corrupted record")]
)
def test_a_damaged_shard_is_named_with_what_to_do(shard: Path, cut: int, flipped: int, what: str) -> None:
    whole = bytearray(shard.read_bytes())
    whole[-flipped - 1] ^= 4 * bool(flipped)
    shard.write_bytes(whole[: len(whole) - cut])
    with pytest.raises(
        ConfigError, match=rf"^A shard in .*/7/Split-train is damaged \({what}[^\[]*\)\..* or delete"
    ):
        read_split(str(shard.parent / "*"))
