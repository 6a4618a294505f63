from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from components.contract import GOLDEN_ANSWERS_FILE, KERAS_MODEL_FILE
from components.serving_check.check import read_golden_answers
from serving import contract
from serving.session_model import SessionModel, replay_warmup
from tests.conftest import Trial
from trainer.answer_views import views_of
from trainer.export import export_classifier
from trainer.golden_answers import write_golden_answers
from trainer.settings import ServingSettings
from trainer.transform_graph import TransformGraph


@pytest.fixture(scope="module")
def model_dir(trial: Trial) -> Path:
    return trial.artifact("Trainer", "model")


def test_answers_hang_together(trial: Trial, model_dir: Path, tmp_path: Path) -> None:
    transform = TransformGraph(str(trial.artifact("Transform", "transform_graph")))
    model = keras.models.load_model(model_dir / KERAS_MODEL_FILE)
    files = [answer.image for answer in read_golden_answers(model_dir / GOLDEN_ANSWERS_FILE)]
    settings = ServingSettings(reject_below=0.999, top_k=2)
    export_classifier(model, transform, ["x", "y", "ü"], settings, tmp_path / "1")
    with SessionModel.load(tmp_path / "1") as loaded:
        answer = loaded.run(contract.SERVING_DEFAULT, {contract.IMAGE_BYTES: np.array(files, object)})
    probabilities = answer[contract.PROBABILITIES]
    order = probabilities.argsort(1)[:, ::-1][:, :2]
    names = np.array([b"x", b"y", "ü".encode()], object)
    np.testing.assert_array_equal(answer[contract.TOP_LABELS], names[order])
    np.testing.assert_array_equal(answer[contract.LABEL], names[order][:, 0])
    np.testing.assert_allclose(
        answer[contract.TOP_PROBABILITIES], np.take_along_axis(probabilities, order, 1)
    )
    np.testing.assert_array_equal(answer[contract.PROBABILITY], probabilities.max(1))
    np.testing.assert_array_equal(answer[contract.ACCEPTED], probabilities.max(1) >= np.float32(0.999))
    assert 0 < answer[contract.ACCEPTED].sum() < len(files) or probabilities.max(1).min() >= 0.999


def test_the_keras_model_beside_it_gives_the_golden_answers(trial: Trial, model_dir: Path) -> None:
    transform = TransformGraph(str(trial.artifact("Transform", "transform_graph")))
    model = keras.models.load_model(model_dir / KERAS_MODEL_FILE)
    for answer in read_golden_answers(model_dir / GOLDEN_ANSWERS_FILE):
        pixels = tf.cast(transform(tf.constant([answer.image])), tf.float32)
        again = model(pixels, training=False).numpy()[0]
        np.testing.assert_allclose(again, answer.probabilities, atol=1e-5)


@pytest.mark.parametrize("kind", ["flip", "ten_crop"])
def test_the_export_averages_over_views_and_golden_answers_agree(
    trial: Trial, model_dir: Path, tmp_path: Path, kind: Any
) -> None:
    transform = TransformGraph(str(trial.artifact("Transform", "transform_graph")))
    model = keras.models.load_model(model_dir / KERAS_MODEL_FILE)
    settings = ServingSettings(test_time_augmentation=kind)
    export_classifier(model, transform, ["x", "y", "z"], settings, tmp_path / "1")
    examples = trial.artifact("ImageFolderExampleGen", "examples")
    shards = [str(shard) for shard in (examples / "Split-eval").iterdir()]
    write_golden_answers(model, transform, shards, tmp_path / "golden", kind)
    golden = list(read_golden_answers(tmp_path / "golden"))
    files = np.array([answer.image for answer in golden], object)
    expected = np.array([answer.probabilities for answer in golden])
    views = views_of(tf.cast(transform(tf.constant(list(files))), tf.float32), kind)
    by_hand = np.mean([model(view, training=False) for view in views], axis=0)
    with SessionModel.load(tmp_path / "1") as loaded:
        answers = loaded.run(contract.SERVING_DEFAULT, {contract.IMAGE_BYTES: files})
    np.testing.assert_allclose(answers[contract.PROBABILITIES], by_hand, atol=1e-5)
    np.testing.assert_allclose(expected, by_hand, atol=1e-5)
    assert np.abs(model(views[0], training=False) - by_hand).max() > 1e-4


def test_warm_up_requests_travel_with_the_export(model_dir: Path) -> None:
    saved_model = model_dir / "Format-Serving"
    with SessionModel.load(saved_model) as loaded:
        assert replay_warmup(loaded, saved_model) == 5
    assert not list(model_dir.parent.parent.glob("model_run/*/tmp*"))
