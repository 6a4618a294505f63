"""Writes the requests that TensorFlow Serving replays before it makes a model available.

The first call of a model is slow (it plans its kernels and fills its caches), and a model that
loads may still fail at its first call. Warm-up requests move both before the first client.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import tensorflow as tf
from tensorflow_serving.apis.prediction_log_pb2 import PredictionLog

from serving.contract import IMAGE_BYTES, SERVING_DEFAULT, WARMUP_REQUESTS


def write_warmup_requests(saved_model_dir: str | Path, model_name: str, image_bytes: Sequence[bytes]) -> None:
    """Writes assets.extra/tf_serving_warmup_requests into a SavedModel.

    One Predict request for each image and, with two images or more, one for all of them as a
    batch. An existing file is replaced.

    Args:
        saved_model_dir: the directory that holds saved_model.pb.
        model_name: the name the model is served under.
        image_bytes: encoded image files which the model can decode.
    """
    batches = [[encoded] for encoded in image_bytes]
    if len(image_bytes) > 1:
        batches.append(list(image_bytes))
    path = f"{saved_model_dir}/{WARMUP_REQUESTS}"
    tf.io.gfile.makedirs(path.rpartition("/")[0])
    with tf.io.TFRecordWriter(path) as writer:
        for batch in batches:
            writer.write(_predict_log(model_name, batch).SerializeToString())


def _predict_log(model_name: str, batch: Sequence[bytes]) -> PredictionLog:
    log = PredictionLog()
    request = log.predict_log.request
    request.model_spec.name = model_name
    request.model_spec.signature_name = SERVING_DEFAULT
    request.inputs[IMAGE_BYTES].CopyFrom(tf.make_tensor_proto(batch, dtype=tf.string))
    return log
