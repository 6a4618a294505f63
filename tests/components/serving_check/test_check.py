from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from components.contract import GOLDEN_ANSWERS_FILE
from components.serving_check import check
from components.serving_check.check import GoldenAnswer, check_servable, read_golden_answers
from components.serving_check.settings import ServingCheckSettings
from serving import contract
from serving.session_model import SessionModel
from tests.conftest import Trial

SETTINGS = ServingCheckSettings()


@pytest.fixture(scope="module")
def export(trial: Trial) -> Path:
    return trial.artifact("Trainer", "model") / "Format-Serving"


@pytest.fixture(scope="module")
def golden(trial: Trial) -> list[GoldenAnswer]:
    return read_golden_answers(trial.artifact("Trainer", "model") / GOLDEN_ANSWERS_FILE)


def test_takes_what_the_trainer_exported(export: Path, golden: list[GoldenAnswer]) -> None:
    report = check_servable(export, golden, SETTINGS)
    assert report.problems == ()
    assert report.images == len(golden) == 16
    assert report.median_latency_ms is not None


def test_finds_answers_that_differ_from_training(export: Path, golden: list[GoldenAnswer]) -> None:
    other = [replace(golden[0], probabilities=golden[0].probabilities + 2e-4), *golden[1:]]
    (problem,) = check_servable(export, other, SETTINGS).problems
    assert "differ from those of training by 0.0002" in problem


def test_the_latency_is_that_of_requests_of_one_image(
    export: Path, golden: list[GoldenAnswer], monkeypatch: pytest.MonkeyPatch
) -> None:
    run, now = SessionModel.run, [0.0]

    def run_slowly(model: SessionModel, signature: str, inputs: dict[str, np.ndarray], *rest: Any) -> Any:
        now[0] += 0.25 * len(*inputs.values())
        return run(model, signature, inputs, *rest)

    monkeypatch.setattr(SessionModel, "run", run_slowly)
    monkeypatch.setattr(check, "time", SimpleNamespace(perf_counter=lambda: now[0]))
    report = check_servable(export, golden, ServingCheckSettings(max_latency_ms=249))
    assert report.median_latency_ms == 250
    assert report.problems == ("one image takes 250.0 ms; serving_check.max_latency_ms allows 249",)


def test_nan_is_a_difference(export: Path, golden: list[GoldenAnswer]) -> None:
    other = [replace(golden[0], probabilities=np.full(3, np.nan, np.float32)), *golden[1:]]
    assert check_servable(export, other, SETTINGS).problems


def _answers(probabilities: tf.Tensor) -> dict[str, tf.Tensor]:
    """All that `serving_default` says; the label is always the same."""
    best = tf.reduce_max(probabilities, 1)
    names = tf.repeat(tf.constant(["across"]), tf.size(best))
    return {
        contract.PROBABILITIES: probabilities,
        contract.LABEL: names,
        contract.PROBABILITY: best,
        contract.ACCEPTED: best > 0,
        contract.TOP_LABELS: names[:, None],
        contract.TOP_PROBABILITIES: best[:, None],
    }


class Uneven(tf.Module):
    """Says the same of every image, and of every record something else."""

    def __init__(self, of_images: float, of_records: float) -> None:
        super().__init__()
        self.of_images, self.of_records = of_images, of_records

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name=contract.IMAGE_BYTES)])
    def images(self, image_bytes: tf.Tensor) -> dict[str, tf.Tensor]:
        return _answers(tf.fill([tf.size(image_bytes), 3], self.of_images))

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name=contract.EXAMPLES)])
    def records(self, examples: tf.Tensor) -> dict[str, tf.Tensor]:
        return {contract.PROBABILITIES: tf.fill([tf.size(examples), 3], self.of_records)}


@pytest.mark.parametrize(
    ("of_images", "of_records", "difference"),
    [(0.25, 0.25, None), (0.25, np.nan, "nan"), (0.25, 0.5, "0.25")],
)
def test_both_signatures_are_held_against_training(
    golden: list[GoldenAnswer], tmp_path: Path, of_images: float, of_records: float, difference: str | None
) -> None:
    model = Uneven(of_images, of_records)
    signatures = {contract.SERVING_DEFAULT: model.images, contract.SERVE_EXAMPLES: model.records}
    tf.saved_model.save(model, str(tmp_path / "1"), signatures)
    (tmp_path / "1" / "assets").mkdir(exist_ok=True)
    (tmp_path / "1" / contract.LABELS_ASSET).write_text("across\ndown\nplain\n")
    trained = [replace(answer, probabilities=np.full(3, 0.25, np.float32)) for answer in golden]
    problems = check_servable(tmp_path / "1", trained, SETTINGS).problems
    assert len(problems) == (difference is not None)
    assert all(f"differ from those of training by {difference};" in problem for problem in problems)


def test_finds_labels_that_do_not_fit(export: Path, golden: list[GoldenAnswer], tmp_path: Path) -> None:
    copy = Path(shutil.copytree(export, tmp_path / "copy"))
    (copy / contract.LABELS_ASSET).write_text("down\nacross\nplain\n")
    assert check_servable(copy, golden, SETTINGS).problems == (
        "the label names in the answers do not match the probabilities",
    )
    (copy / contract.LABELS_ASSET).write_text("across\ndown\n")
    assert check_servable(copy, golden, SETTINGS).problems == (
        "assets/labels.txt names 2 labels for 3 classes",
    )


def test_finds_the_export_that_python_loads_and_tensorflow_serving_does_not(
    golden: list[GoldenAnswer], tmp_path: Path
) -> None:
    """tensorflow/serving#2250: a tf.Module that merely holds a Keras 3 model."""

    class Held(tf.Module):
        def __init__(self) -> None:
            super().__init__()
            self.model = keras.Sequential(
                [keras.Input((16, 16, 3)), keras.layers.Flatten(), keras.layers.Dense(3)]
            )

        def _probabilities(self, files: tf.Tensor) -> tf.Tensor:
            return tf.nn.softmax(self.model(tf.zeros((tf.size(files), 16, 16, 3))))

        @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name=contract.IMAGE_BYTES)])
        def images(self, image_bytes: tf.Tensor) -> dict[str, tf.Tensor]:
            return _answers(self._probabilities(image_bytes))

        @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name=contract.EXAMPLES)])
        def records(self, examples: tf.Tensor) -> dict[str, tf.Tensor]:
            return {contract.PROBABILITIES: self._probabilities(examples)}

    held = Held()
    broken = tmp_path / "1"
    tf.saved_model.save(
        held, str(broken), {contract.SERVING_DEFAULT: held.images, contract.SERVE_EXAMPLES: held.records}
    )
    (broken / "assets").mkdir(exist_ok=True)
    (broken / contract.LABELS_ASSET).write_text("across\ndown\nplain\n")

    loaded = tf.saved_model.load(str(broken)).signatures[contract.SERVING_DEFAULT]
    assert loaded(tf.constant([golden[0].image]))[contract.PROBABILITIES].shape == (1, 3)

    (problem,) = check_servable(broken, golden, SETTINGS).problems
    assert problem.startswith("the model does not work in a model server")
    assert "Could not find variable" in problem


def test_replays_the_warm_up_requests_as_a_server_does(
    export: Path, golden: list[GoldenAnswer], tmp_path: Path
) -> None:
    copy = Path(shutil.copytree(export, tmp_path / "copy"))
    requests = copy / contract.WARMUP_REQUESTS
    requests.write_bytes(requests.read_bytes()[:-1])
    (problem,) = check_servable(copy, golden, SETTINGS).problems
    assert "warm-up file" in problem


def test_finds_a_missing_signature(golden: list[GoldenAnswer], tmp_path: Path) -> None:
    archive = keras.export.ExportArchive()
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(3)])
    archive.track(model)
    archive.add_endpoint("serving_default", model.call, [tf.TensorSpec([None, 3])])
    archive.write_out(str(tmp_path / "1"), verbose=False)
    problems = check_servable(tmp_path / "1", golden, SETTINGS).problems
    assert "the signature serve_examples is missing" in problems
    for kind in ("inputs", "outputs"):
        assert any(problem.startswith(f"the {kind} of serving_default are") for problem in problems)


def test_a_folder_that_is_no_model(golden: list[GoldenAnswer], tmp_path: Path) -> None:
    (problem,) = check_servable(tmp_path, golden, SETTINGS).problems
    assert problem.startswith("the model does not work in a model server")
