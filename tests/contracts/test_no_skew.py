"""What the exported model sees of an image is, bit for bit, what it was trained on."""

from __future__ import annotations

import io
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf
from PIL import Image, ImageOps

from components.contract import IMAGE_ENCODED
from serving import contract
from serving.session_model import SessionModel
from tests.conftest import Trial
from tests.hazard_images import encoded, exif_jpeg, scene
from tests.image_files import image_bytes
from trainer.export import export_classifier
from trainer.image_ops import decode_for, load_images, resize_image
from trainer.images.pixel_store import decode_split
from trainer.images.split_records import read_split
from trainer.settings import ServingSettings
from trainer.transform_graph import TransformGraph

SIZE = 16


@pytest.fixture(scope="module")
def transform(trial: Trial) -> TransformGraph:
    return TransformGraph(str(trial.artifact("Transform", "transform_graph")))


@pytest.fixture(scope="module")
def served(transform: TransformGraph, tmp_path_factory: pytest.TempPathFactory) -> SessionModel:
    """An export whose "probabilities" are the very pixels that reach the network."""
    inputs = keras.Input((SIZE, SIZE, 3))
    pixels_out = keras.Model(inputs, keras.layers.Flatten()(inputs))
    directory = tmp_path_factory.mktemp("export") / "1"
    labels = [str(number) for number in range(SIZE * SIZE * 3)]
    export_classifier(pixels_out, transform, labels, ServingSettings(), directory)
    return SessionModel.load(directory)


def _pixels(served: SessionModel, files: list[bytes]) -> np.ndarray:
    answer = served.run(contract.SERVING_DEFAULT, {contract.IMAGE_BYTES: np.array(files, dtype=object)})
    return answer[contract.PROBABILITIES].reshape(-1, SIZE, SIZE, 3)


def test_training_and_serving_see_the_same_pixels(
    trial: Trial, transform: TransformGraph, served: SessionModel
) -> None:
    pattern = str(trial.artifact("ImageFolderExampleGen", "examples") / "Split-train" / "*")
    records = [
        tf.train.Example.FromString(record)
        for shard in sorted(tf.io.gfile.glob(pattern))
        for record in tf.data.TFRecordDataset(shard).as_numpy_iterator()
    ]
    files = [record.features.feature[IMAGE_ENCODED].bytes_list.value[0] for record in records]
    trained_on = decode_split(read_split(pattern), transform, SIZE).read(np.arange(len(files)))
    assert trained_on.shape == (len(files), SIZE, SIZE, 3)
    assert trained_on.std() > 10
    np.testing.assert_array_equal(_pixels(served, files), trained_on)


def test_the_cache_on_disk_holds_the_same_pixels(
    trial: Trial, transform: TransformGraph, tmp_path: Path
) -> None:
    pattern = str(trial.artifact("ImageFolderExampleGen", "examples") / "Split-test" / "*")

    split = read_split(pattern)
    in_file, in_memory = (
        decode_split(split, transform, SIZE, file).read(np.arange(split.count))
        for file in (tmp_path / "spill", None)
    )
    np.testing.assert_array_equal(in_file, in_memory)
    assert len(in_file) == split.count > 0
    assert (tmp_path / "spill").stat().st_size == in_file.size


@pytest.mark.parametrize(
    ("image_format", "mode"),
    [
        ("JPEG", "RGB"),
        ("JPEG", "L"),
        ("PNG", "RGB"),
        ("PNG", "RGBA"),
        ("PNG", "P"),
        ("GIF", "P"),
        ("BMP", "RGB"),
    ],
)
def test_every_usable_format_is_seen_the_same_eagerly_and_served(
    image_format: str, mode: str, served: SessionModel
) -> None:
    data = image_bytes(5, image_format, size=(50, 41), mode=mode)
    eager = load_images(tf.constant([data]), SIZE).numpy()
    np.testing.assert_array_equal(_pixels(served, [data]), eager)


@pytest.mark.parametrize("order", ["<", ">"])
def test_photographs_are_served_upright(order: str, served: SessionModel) -> None:
    size = (97, 61)
    files = [exif_jpeg(orientation, 7, size, order) for orientation in range(1, 9)]
    seen = _pixels(served, files)
    np.testing.assert_array_equal(seen, load_images(tf.constant(files), SIZE).numpy())
    for data, pixels in zip(files, seen, strict=True):
        stored = Image.fromarray(decode_for(tf.constant(data), SIZE).numpy())
        stored.getexif()[0x0112] = Image.open(io.BytesIO(data)).getexif()[0x0112]
        upright = resize_image(tf.constant(np.asarray(ImageOps.exif_transpose(stored))), SIZE).numpy()
        # Sums are rounded in another order.
        np.testing.assert_allclose(pixels, upright, atol=1)
        assert (pixels != upright).mean() < 0.01
    # Of the difference to the picture that was never turned, only JPEG's losses are left, and what comes
    # of its being decoded at a fraction of its size.
    lossless = _pixels(served, [encoded(scene(7, size), "PNG")])
    assert np.abs(seen - lossless).mean(axis=(1, 2, 3)).max() < 12
    assert np.abs(lossless[:, ::-1] - lossless).mean() > 20
