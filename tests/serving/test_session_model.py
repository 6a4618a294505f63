from __future__ import annotations

import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from serving import contract
from serving.session_model import Array, ModelLoadError, RequestError, SessionModel, replay_warmup
from tests.serving.conftest import BLUE, GREEN, GREY, IMAGES, RED, strings


def labels_of(model: SessionModel, *images: bytes) -> list[bytes]:
    answers = model.run(contract.SERVING_DEFAULT, {contract.IMAGE_BYTES: strings(*images)})
    return list(answers[contract.LABEL])


def test_all_outputs_of_the_contract(session_model: SessionModel) -> None:
    answers = session_model.run(contract.SERVING_DEFAULT, {contract.IMAGE_BYTES: strings(*IMAGES)})
    assert {name: (values.dtype.type, values.shape) for name, values in answers.items()} == {
        contract.PROBABILITIES: (np.float32, (4, 3)),
        contract.LABEL: (np.object_, (4,)),
        contract.PROBABILITY: (np.float32, (4,)),
        contract.ACCEPTED: (np.bool_, (4,)),
        contract.TOP_LABELS: (np.object_, (4, 2)),
        contract.TOP_PROBABILITIES: (np.float32, (4, 2)),
    }
    assert list(answers[contract.LABEL][:3]) == [b"red", b"green", b"blue"]
    # A gain of 4 on the brightest of three channels: e^4 / (e^4 + 1 + 1); JPEG moves it a little.
    assert answers[contract.PROBABILITY][:3] == pytest.approx([np.exp(4) / (np.exp(4) + 2)] * 3, abs=0.002)
    assert answers[contract.PROBABILITIES][3] == pytest.approx([1 / 3] * 3, abs=1e-5)
    assert list(answers[contract.ACCEPTED]) == [True, True, True, False]


def test_only_the_outputs_asked_for(session_model: SessionModel) -> None:
    inputs = {contract.IMAGE_BYTES: strings(GREEN)}
    answers = session_model.run(contract.SERVING_DEFAULT, inputs, [contract.ACCEPTED, contract.LABEL])
    assert list(answers) == [contract.ACCEPTED, contract.LABEL]
    assert (answers[contract.ACCEPTED][0], answers[contract.LABEL][0]) == (True, b"green")


def test_signatures(session_model: SessionModel) -> None:
    signature = session_model.signatures[contract.SERVING_DEFAULT]
    assert list(signature.inputs) == [contract.IMAGE_BYTES]


def test_many_threads(session_model: SessionModel) -> None:
    expected = {RED: b"red", GREEN: b"green", BLUE: b"blue"}
    images = [RED, GREEN, BLUE] * 40
    with ThreadPoolExecutor(8) as pool:
        answers = pool.map(lambda image: labels_of(session_model, image), images)
    assert [label for (label,) in answers] == [expected[image] for image in images]


@pytest.mark.parametrize(
    ("signature", "inputs", "outputs", "message"),
    [
        ("classify", {}, None, "The model has no signature 'classify'; it has serving_default."),
        (None, {}, None, "'serving_default' takes the inputs image_bytes, got none."),
        (None, {"image": strings(RED)}, None, "takes the inputs image_bytes, got image."),
        (None, {"image_bytes": strings(RED)}, ["score"], "asked for score."),
        (
            None,
            {"image_bytes": np.zeros(1, np.float32)},
            None,
            "'image_bytes' takes string of shape (None,), got float32 of shape (1,).",
        ),
        (None, {"image_bytes": strings(RED).reshape(1, 1)}, None, "got string of shape (1, 1)."),
        (None, {"image_bytes": np.array([RED])}, None, "takes string of shape (None,), got |S"),
    ],
)
def test_requests_that_do_not_fit(
    session_model: SessionModel,
    signature: str | None,
    inputs: dict[str, Array],
    outputs: list[str] | None,
    message: str,
) -> None:
    with pytest.raises(RequestError) as error:
        session_model.run(signature or contract.SERVING_DEFAULT, inputs, outputs)
    assert message in str(error.value)


def test_bytes_that_are_no_image(session_model: SessionModel) -> None:
    with pytest.raises(tf.errors.InvalidArgumentError, match="Unknown image file format"):
        labels_of(session_model, RED, b"not an image")


def test_a_model_saved_the_wrong_way_fails_here_and_only_here(wrongly_exported: Path) -> None:
    lenient = tf.saved_model.load(str(wrongly_exported))
    answers = lenient.signatures[contract.SERVING_DEFAULT](image_bytes=tf.constant([BLUE]))
    assert answers[contract.LABEL].numpy().tolist() == [b"blue"]

    with SessionModel.load(wrongly_exported) as model:
        with pytest.raises(tf.errors.FailedPreconditionError, match="Could not find variable"):
            labels_of(model, BLUE)
        with pytest.raises(ModelLoadError, match="fails at its warm-up request 1: Could not find variable"):
            replay_warmup(model, wrongly_exported)


@pytest.mark.parametrize(
    "missing", ["saved_model.pb", "variables/variables.index", "assets/labels.txt", "variables"]
)
def test_incomplete_models_are_refused(exported: Path, tmp_path: Path, missing: str) -> None:
    copy = Path(shutil.copytree(exported, tmp_path / "model"))
    if (copy / missing).is_dir():
        shutil.rmtree(copy / missing)
    else:
        (copy / missing).unlink()
    with pytest.raises(ModelLoadError) as error:
        SessionModel.load(copy)
    assert str(copy) in str(error.value)
    assert "\n" not in str(error.value)


def test_no_model_at_all(tmp_path: Path) -> None:
    with pytest.raises(ModelLoadError, match=r"is no SavedModel: it holds no saved_model\.pb"):
        SessionModel.load(tmp_path / "nowhere")
    (tmp_path / "saved_model.pb").write_bytes(b"not a protobuf")
    with pytest.raises(ModelLoadError, match="cannot be loaded into a session: Cannot parse"):
        SessionModel.load(tmp_path)


def test_closed(exported: Path) -> None:
    with SessionModel.load(exported) as model:
        assert labels_of(model, GREY, GREEN)[1] == b"green"
    model.close()
    with pytest.raises(RuntimeError, match="closed Session"):
        labels_of(model, GREEN)
