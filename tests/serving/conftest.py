"""A small, real Keras 3 model, exported once and served once for the whole folder."""

from __future__ import annotations

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import io
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from serving import contract
from serving.embedded_server import EmbeddedServer
from serving.session_model import Array, SessionModel
from serving.warmup import write_warmup_requests

MODEL_NAME = "colours"
VERSION = 7
LABELS = ("red", "green", "blue")
TOP = 2
REJECT_BELOW = 0.6


def encoded_image(colour: tuple[int, int, int], image_format: str = "JPEG") -> bytes:
    """Encodes a 16 × 12 image of one colour."""
    buffer = io.BytesIO()
    Image.new("RGB", (16, 12), colour).save(buffer, image_format)
    return buffer.getvalue()


RED, GREEN, BLUE = (encoded_image(colour) for colour in ((255, 0, 0), (0, 255, 0), (0, 0, 255)))
GREY = encoded_image((128, 128, 128))
IMAGES = (RED, GREEN, BLUE, GREY)


def strings(*values: bytes) -> Array:
    """An object array, the one kind of numpy array that keeps bytes as they are."""
    array = np.empty(len(values), object)
    array[:] = values
    return array


def colour_classifier(gain: float = 4.0) -> keras.Model:
    """A network whose answer is known beforehand: the channel that is brightest on average."""
    model = keras.Sequential(
        [
            keras.Input((8, 8, 3)),
            keras.layers.Rescaling(1 / 255),
            keras.layers.GlobalAveragePooling2D(),
            keras.layers.Dense(len(LABELS), activation="softmax"),
        ]
    )
    model.layers[-1].set_weights([gain * np.eye(len(LABELS)), np.zeros(len(LABELS))])
    return model


def _pixels(encoded: tf.Tensor) -> tf.Tensor:
    image = tf.io.decode_image(encoded, channels=3, expand_animations=False)
    return tf.image.resize(image, (8, 8))


def _decode(image_bytes: tf.Tensor) -> tf.Tensor:
    return tf.map_fn(_pixels, image_bytes, fn_output_signature=tf.TensorSpec((8, 8, 3), tf.float32))


@dataclass(frozen=True)
class Endpoint:
    """The serving_default function of the contract, on a Keras model and a label table."""

    model: keras.Model
    label_of: Any

    def __call__(self, image_bytes: tf.Tensor) -> dict[str, tf.Tensor]:
        """image_bytes: string [N]; gives the outputs named in serving/contract.py."""
        probabilities = self.model(_decode(image_bytes), training=False)
        top = tf.math.top_k(probabilities, TOP)
        labels = self.label_of.lookup(tf.cast(top.indices, tf.int64))
        return {
            contract.PROBABILITIES: probabilities,
            contract.LABEL: labels[:, 0],
            contract.PROBABILITY: top.values[:, 0],
            contract.ACCEPTED: top.values[:, 0] >= REJECT_BELOW,
            contract.TOP_LABELS: labels,
            contract.TOP_PROBABILITIES: top.values,
        }


SIGNATURE = [tf.TensorSpec([None], tf.string, name=contract.IMAGE_BYTES)]


def label_table(directory: Path) -> Any:
    """A table that reads labels.txt, which thereby becomes an asset of the SavedModel."""
    directory.mkdir(parents=True)
    labels = directory / "labels.txt"
    labels.write_text("\n".join(LABELS) + "\n")
    rows = tf.lookup.TextFileInitializer(
        str(labels),
        tf.int64,
        tf.lookup.TextFileIndex.LINE_NUMBER,
        tf.string,
        tf.lookup.TextFileIndex.WHOLE_LINE,
    )
    return tf.lookup.StaticHashTable(rows, default_value="")


@pytest.fixture(scope="session")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SavedModel exported as it should be, warm-up requests included."""
    root = tmp_path_factory.mktemp("exported")
    model, table = colour_classifier(), label_table(root / "labels")
    archive = keras.export.ExportArchive()
    archive.track(model)
    archive.track(table)
    archive.add_endpoint(contract.SERVING_DEFAULT, Endpoint(model, table).__call__, SIGNATURE)
    archive.write_out(str(root / "model"), verbose=False)
    write_warmup_requests(root / "model", MODEL_NAME, IMAGES)
    return root / "model"


@pytest.fixture(scope="session")
def wrongly_exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The trap: a tf.Module that merely holds a Keras 3 model, saved by TensorFlow."""
    root = tmp_path_factory.mktemp("wrongly_exported")
    module = tf.Module()
    module.model, module.label_table = colour_classifier(), label_table(root / "labels")
    endpoint = Endpoint(module.model, module.label_table)
    signature = tf.function(endpoint.__call__, input_signature=SIGNATURE)
    tf.saved_model.save(module, str(root / "model"), signatures={contract.SERVING_DEFAULT: signature})
    write_warmup_requests(root / "model", MODEL_NAME, IMAGES)
    return root / "model"


@pytest.fixture(scope="session")
def session_model(exported: Path) -> Iterator[SessionModel]:
    """The exported model, loaded into a session."""
    with SessionModel.load(exported) as model:
        yield model


def publish(saved_model: Path, model_dir: Path, version: int) -> Path:
    """Makes a version appear at once, as a pusher does."""
    hidden = model_dir / f"_{version}"
    shutil.copytree(saved_model, hidden)
    return hidden.rename(model_dir / str(version))


@pytest.fixture(scope="session")
def address(exported: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """HOST:PORT of an embedded server with VERSION of the model."""
    model_dir = tmp_path_factory.mktemp("served") / MODEL_NAME
    model_dir.mkdir()
    publish(exported, model_dir, VERSION)
    server = EmbeddedServer(model_dir, MODEL_NAME, port=0)
    port = server.start()
    yield f"127.0.0.1:{port}"
    server.stop()
