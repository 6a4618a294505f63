"""The same images twice: as shards that ingest wrote, and as folders of files, split alike."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import tensorflow as tf

from components.contract import (
    CLASS_LABEL,
    CLASS_TEXT,
    IMAGE_ENCODED,
    IMAGE_FILENAME,
    IMAGE_SHA256,
    SPLITS,
)
from components.image_folder.executor import ingest
from components.image_folder.files.list_images import list_images
from components.image_folder.settings import DataSettings
from components.image_folder.workers.unit_dealers import InThisProcess


def prepare_many(folder: Path, count: int, size: int, classes: int) -> None:
    """Writes shards of noise, a train split of so many JPEGs and an eval split of a hundredth as many."""
    random = np.random.default_rng(0)
    pictures = [
        tf.io.encode_jpeg(random.integers(0, 256, (size, size, 3), np.uint8)).numpy() for _ in range(100)
    ]
    for split, images in (("train", count), ("eval", count // 100)):
        (folder / f"Split-{split}").mkdir(parents=True)
        with tf.io.TFRecordWriter(str(folder / f"Split-{split}" / "noise.tfrecord")) as writer:
            for number in range(images):
                features = {
                    IMAGE_ENCODED: _bytes(pictures[number % len(pictures)]),
                    IMAGE_SHA256: _bytes(f"{number:064x}".encode()),
                    CLASS_LABEL: tf.train.Feature(int64_list=tf.train.Int64List(value=[number % classes])),
                }
                example = tf.train.Example(features=tf.train.Features(feature=features))
                writer.write(example.SerializeToString())


def _bytes(value: bytes) -> tf.train.Feature:
    return tf.train.Feature(bytes_list=tf.train.BytesList(value=[value]))


def prepare(images: Path, folder: Path) -> None:
    """Writes `folder/examples` and `folder/files/<split>/<class>/<file>`.

    Args:
        images: folder of class folders.
        folder: to write to.
    """
    settings = DataSettings(images=str(images))
    listing = list_images(settings)
    ingest(listing, settings, listing.labels, folder / "examples", InThisProcess())
    for split in SPLITS:
        for shard in sorted((folder / "examples" / f"Split-{split}").iterdir()):
            for record in tf.data.TFRecordDataset(str(shard)).as_numpy_iterator():
                features = tf.train.Example.FromString(record).features.feature
                label, name = (
                    features[key].bytes_list.value[0].decode() for key in (CLASS_TEXT, IMAGE_FILENAME)
                )
                file = folder / "files" / split / label / Path(name).name
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_bytes(features[IMAGE_ENCODED].bytes_list.value[0])
