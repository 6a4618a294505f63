from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import tensorflow as tf
from tensorflow_serving.apis.classification_pb2 import ClassificationRequest
from tensorflow_serving.apis.prediction_log_pb2 import ClassifyLog, PredictionLog

from serving import contract
from serving.session_model import ModelLoadError, SessionModel, replay_warmup
from serving.warmup import write_warmup_requests
from tests.serving.conftest import BLUE, GREEN, IMAGES, MODEL_NAME, RED


@pytest.fixture
def model_dir(exported: Path, tmp_path: Path) -> Path:
    """A copy of the exported model to write into."""
    return Path(shutil.copytree(exported, tmp_path / "model"))


def test_one_request_an_image_and_one_batch(model_dir: Path) -> None:
    write_warmup_requests(model_dir, MODEL_NAME, [RED, GREEN, BLUE])
    records = tf.data.TFRecordDataset(str(model_dir / contract.WARMUP_REQUESTS)).as_numpy_iterator()
    requests = [PredictionLog.FromString(record).predict_log.request for record in records]
    sent = [list(tf.make_ndarray(request.inputs[contract.IMAGE_BYTES])) for request in requests]
    assert sent == [[RED], [GREEN], [BLUE], [RED, GREEN, BLUE]]
    assert {(request.model_spec.name, request.model_spec.signature_name) for request in requests} == {
        (MODEL_NAME, contract.SERVING_DEFAULT)
    }


def test_a_single_image_is_not_sent_twice(model_dir: Path, session_model: SessionModel) -> None:
    write_warmup_requests(model_dir, MODEL_NAME, [RED])
    assert replay_warmup(session_model, model_dir) == 1


def test_replay(exported: Path, session_model: SessionModel) -> None:
    assert replay_warmup(session_model, exported) == len(IMAGES) + 1


def test_a_model_without_requests(model_dir: Path, session_model: SessionModel) -> None:
    (model_dir / contract.WARMUP_REQUESTS).unlink()
    assert replay_warmup(session_model, model_dir) == 0


def test_a_request_the_model_refuses(model_dir: Path, session_model: SessionModel) -> None:
    write_warmup_requests(model_dir, MODEL_NAME, [RED, b"not an image"])
    with pytest.raises(ModelLoadError, match="fails at its warm-up request 2: Unknown image file format"):
        replay_warmup(session_model, model_dir)


def test_a_request_of_another_kind(model_dir: Path, session_model: SessionModel) -> None:
    log = PredictionLog(classify_log=ClassifyLog(request=ClassificationRequest()))
    with tf.io.TFRecordWriter(str(model_dir / contract.WARMUP_REQUESTS)) as writer:
        writer.write(log.SerializeToString())
    with pytest.raises(ModelLoadError, match=r"request 1 of .* is a classify_log"):
        replay_warmup(session_model, model_dir)


def test_a_damaged_file(model_dir: Path, session_model: SessionModel) -> None:
    requests = model_dir / contract.WARMUP_REQUESTS
    requests.write_bytes(requests.read_bytes()[:-1])
    with pytest.raises(ModelLoadError, match=r"warm-up file .* cannot be read"):
        replay_warmup(session_model, model_dir)
