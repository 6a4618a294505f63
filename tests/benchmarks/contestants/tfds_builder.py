"""tensorflow-datasets: a GeneratorBasedBuilder that writes TFRecords.

The image feature is given paths or bytes, never pixels, so files are kept as
they are; and without `disable_shuffling` records would be sorted by hash.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import tensorflow_datasets as tfds

from tests.benchmarks.contestants.class_folders import labelled_files


class Photographs(tfds.core.GeneratorBasedBuilder):
    """One split, `train`, of images with labels."""

    VERSION = tfds.core.Version("1.0.0")

    def __init__(self, images: Path, as_bytes: bool, shuffle: bool, **builder_arguments: Any) -> None:
        self._images, self._as_bytes, self._shuffle = images, as_bytes, shuffle
        super().__init__(**builder_arguments)

    def _info(self) -> tfds.core.DatasetInfo:
        classes = sorted(folder.name for folder in self._images.iterdir())
        features = {"image": tfds.features.Image(), "label": tfds.features.ClassLabel(names=classes)}
        return tfds.core.DatasetInfo(
            builder=self,
            features=tfds.features.FeaturesDict(features),
            disable_shuffling=not self._shuffle,
        )

    def _split_generators(self, dl_manager: tfds.download.DownloadManager) -> dict[str, Any]:
        return {"train": self._generate_examples()}

    def _generate_examples(self) -> Iterator[tuple[int, dict[str, Any]]]:
        for key, (path, label) in enumerate(labelled_files(self._images)):
            yield key, {"image": Path(path).read_bytes() if self._as_bytes else path, "label": label}


def defaults(images: Path, output: Path) -> None:
    """Paths in, records shuffled: as its builders of image folders do."""
    _build(Photographs(images, as_bytes=False, shuffle=True, data_dir=str(output), file_format="tfrecord"))


def fastest(images: Path, output: Path) -> None:
    """Bytes in, no shuffling."""
    _build(Photographs(images, as_bytes=True, shuffle=False, data_dir=str(output), file_format="tfrecord"))


def _build(builder: Photographs) -> None:
    builder.download_and_prepare(download_config=tfds.download.DownloadConfig(try_download_gcs=False))
