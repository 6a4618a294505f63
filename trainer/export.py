"""The trained classifier as a SavedModel that takes files' bytes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import keras
import tensorflow as tf

from components.contract import IMAGE_ENCODED
from components.label_map import write_labels
from serving import contract
from trainer.answer_views import mean_probabilities
from trainer.settings import ServingSettings
from trainer.transform_graph import TransformGraph


def export_classifier(
    model: keras.Model,
    transform: TransformGraph,
    labels: Sequence[str],
    settings: ServingSettings,
    directory: Path,
) -> None:
    """Writes the SavedModel with the signatures of `serving.contract`.

    It is written through Keras' ExportArchive: a Keras 3 model that is merely
    held by a saved tf.Module loads in Python, but TensorFlow Serving cannot
    find its variables (tensorflow/serving#2250).

    Args:
        model: pixels float32 [N, size, size, 3] → probabilities float32 [N, C].
        transform: encoded images string [N] → those pixels, uint8.
        labels: C names, in id order.
        settings: reject threshold, views to average over, length of the top list.
        directory: must not exist yet.
    """
    top_k = min(settings.top_k, len(labels))
    names = [label.encode() for label in labels]

    # A function of its own, so that the network is traced once for both signatures.
    @tf.function(input_signature=[tf.TensorSpec([None], tf.string)])
    def probabilities_of(image_bytes: tf.Tensor) -> tf.Tensor:
        pixels = tf.cast(transform(image_bytes), tf.float32)
        return mean_probabilities(model, pixels, settings.test_time_augmentation)

    def answer(image_bytes: tf.Tensor) -> dict[str, tf.Tensor]:
        probabilities = probabilities_of(image_bytes)
        top = tf.math.top_k(probabilities, top_k)
        top_labels = tf.gather(tf.constant(names), top.indices)
        probability = top.values[:, 0]
        return {
            contract.PROBABILITIES: probabilities,
            contract.LABEL: top_labels[:, 0],
            contract.PROBABILITY: probability,
            contract.ACCEPTED: probability >= settings.reject_below,
            contract.TOP_LABELS: top_labels,
            contract.TOP_PROBABILITIES: top.values,
        }

    def answer_examples(examples: tf.Tensor) -> dict[str, tf.Tensor]:
        features = {IMAGE_ENCODED: tf.io.FixedLenFeature([], tf.string)}
        parsed = tf.io.parse_example(examples, features)
        return {contract.PROBABILITIES: probabilities_of(parsed[IMAGE_ENCODED])}

    archive = keras.export.ExportArchive()
    archive.track(model)
    archive.track(transform)
    for name, function, argument in (
        (contract.SERVING_DEFAULT, answer, contract.IMAGE_BYTES),
        (contract.SERVE_EXAMPLES, answer_examples, contract.EXAMPLES),
    ):
        archive.add_endpoint(name, function, [tf.TensorSpec([None], tf.string, name=argument)])
    archive.write_out(str(directory), verbose=False)
    labels_file = directory / contract.LABELS_ASSET
    labels_file.parent.mkdir(exist_ok=True)
    write_labels(labels_file, labels)
