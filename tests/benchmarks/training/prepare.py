"""The same images twice: as shards that ingest wrote, and as folders of files, split alike."""

from __future__ import annotations

from pathlib import Path

import tensorflow as tf

from components.contract import CLASS_TEXT, IMAGE_ENCODED, IMAGE_FILENAME, SPLITS
from components.image_folder.executor import ingest
from components.image_folder.list_images import list_images
from components.image_folder.settings import DataSettings
from components.image_folder.unit_dealers import InThisProcess


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
