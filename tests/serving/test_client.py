from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import grpc
import pytest
from tensorflow_serving.apis.predict_pb2 import PredictRequest

from serving import contract
from serving.client import Client, Prediction, ServerError
from serving.protos import tensorflow_serving_wire_pb2 as wire
from serving.session_model import SessionModel
from tests.serving.conftest import GREY, IMAGES, LABELS, MODEL_NAME, RED, VERSION, strings


@pytest.fixture
def client(address: str) -> Iterator[Client]:
    """Of this project, to the embedded server."""
    with Client(address, MODEL_NAME, timeout_seconds=10) as client:
        yield client


def test_predictions_equal_the_session(client: Client, session_model: SessionModel) -> None:
    direct = session_model.run(contract.SERVING_DEFAULT, {contract.IMAGE_BYTES: strings(*IMAGES)})
    predictions = client.predict(IMAGES)
    assert predictions == [
        Prediction(
            label=direct[contract.LABEL][row].decode(),
            probability=float(direct[contract.PROBABILITY][row]),
            accepted=bool(direct[contract.ACCEPTED][row]),
            top=tuple(
                (label.decode(), float(probability))
                for label, probability in zip(
                    direct[contract.TOP_LABELS][row], direct[contract.TOP_PROBABILITIES][row], strict=True
                )
            ),
        )
        for row in range(len(IMAGES))
    ]
    assert [prediction.label for prediction in predictions[:3]] == list(LABELS)
    assert [prediction.accepted for prediction in predictions] == [True, True, True, False]


def test_one_image(client: Client) -> None:
    (prediction,) = client.predict([GREY])
    assert len(prediction.top) == 2
    assert prediction.top[0] == (prediction.label, prediction.probability)


def test_no_image_needs_no_server() -> None:
    with Client("127.0.0.1:1", MODEL_NAME) as client:
        assert client.predict([]) == []


def test_model_version(client: Client) -> None:
    assert client.model_version() == VERSION


def test_not_an_image(client: Client, address: str) -> None:
    with pytest.raises(ServerError) as error:
        client.predict([RED, b"not an image"])
    assert str(error.value) == (
        f"The server at {address} refuses the request: "
        "Unknown image file format. One of JPEG, PNG, GIF, BMP required."
    )


@pytest.mark.parametrize("ask", [lambda client: client.predict([RED]), Client.model_version])
def test_unknown_model(address: str, ask: Callable[[Client], Any]) -> None:
    with Client(address, "dogs") as client, pytest.raises(ServerError, match="does not serve model 'dogs'"):
        ask(client)


@pytest.mark.parametrize("ask", [lambda client: client.predict([RED]), Client.model_version])
def test_no_server(ask: Callable[[Client], Any]) -> None:
    with Client("127.0.0.1:1", MODEL_NAME) as client:
        with pytest.raises(ServerError, match=r"No server can be reached at 127.0.0.1:1: .*refused"):
            ask(client)


@pytest.fixture
def proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Names a proxy to gRPC, which nobody answers for."""
    for name in ("no_grpc_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("grpc_proxy", "http://127.0.0.1:1")


@pytest.mark.usefixtures("proxy")
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "LocalHost", "0.0.0.0"])
def test_this_machine_is_asked_without_a_proxy(address: str, host: str) -> None:
    with Client(address.replace("127.0.0.1", host), MODEL_NAME, timeout_seconds=10) as client:
        assert client.model_version() == VERSION


@pytest.mark.usefixtures("proxy")
def test_another_machine_is_asked_through_the_proxy() -> None:
    # Nobody has this address (RFC 5737): it is the proxy that refuses.
    with Client("192.0.2.1:8500", MODEL_NAME, timeout_seconds=10) as client:
        with pytest.raises(ServerError, match=r"127\.0\.0\.1:1: .*refused"):
            client.model_version()


class CannedServer:
    """A server that sends the same answer, or calls a function, whatever it is asked."""

    def __init__(self) -> None:
        """Listens on a free port."""
        self.answer: Callable[[grpc.ServicerContext], Any] = lambda context: None
        self.requests: list[bytes] = []
        handlers = {
            name: grpc.unary_unary_rpc_method_handler(
                self._reply, response_serializer=lambda response: response.SerializeToString()
            )
            for name in ("Predict", "GetModelStatus")
        }
        self._server = grpc.server(ThreadPoolExecutor(1))
        for service in ("PredictionService", "ModelService"):
            handler = grpc.method_handlers_generic_handler(f"tensorflow.serving.{service}", handlers)
            self._server.add_generic_rpc_handlers((handler,))
        self.address = f"127.0.0.1:{self._server.add_insecure_port('127.0.0.1:0')}"
        self._server.start()

    def _reply(self, request: bytes, context: grpc.ServicerContext) -> Any:
        self.requests.append(request)
        return self.answer(context)

    def stop(self) -> None:
        """Frees the port."""
        self._server.stop(None).wait()


@pytest.fixture
def canned() -> Iterator[CannedServer]:
    """One that a test gives its answer."""
    server = CannedServer()
    yield server
    server.stop()


def as_tensorflow_serving_lists_it(images: int = 2) -> wire.PredictResponse:
    """Every value in the list of its dtype, none packed."""
    response = wire.PredictResponse()
    for name, dtype, field, row in (
        (contract.LABEL, wire.DT_STRING, "string_val", ["dög".encode()]),
        (contract.PROBABILITY, wire.DT_FLOAT, "float_val", [0.75]),
        (contract.ACCEPTED, wire.DT_BOOL, "bool_val", [True]),
        (contract.TOP_LABELS, wire.DT_STRING, "string_val", ["dög".encode(), b"cat"]),
        (contract.TOP_PROBABILITIES, wire.DT_FLOAT, "float_val", [0.75, 0.25]),
    ):
        tensor = response.outputs[name]
        tensor.dtype = dtype
        getattr(tensor, field).extend(row * images)
        tensor.tensor_shape.dim.add(size=images)
        if len(row) > 1:
            tensor.tensor_shape.dim.add(size=len(row))
    return response


def test_values_in_lists(canned: CannedServer) -> None:
    canned.answer = lambda context: as_tensorflow_serving_lists_it()
    with Client(canned.address, MODEL_NAME) as client:
        assert (
            client.predict([RED, RED]) == [Prediction("dög", 0.75, True, (("dög", 0.75), ("cat", 0.25)))] * 2
        )


def test_the_request_is_one_of_tensorflow_serving(canned: CannedServer) -> None:
    canned.answer = lambda context: as_tensorflow_serving_lists_it()
    with Client(canned.address, MODEL_NAME) as client:
        client.predict([RED, GREY])
    request = PredictRequest.FromString(canned.requests[0])
    assert (request.model_spec.name, request.model_spec.signature_name) == (MODEL_NAME, "serving_default")
    assert not request.model_spec.HasField("version")
    assert list(request.inputs[contract.IMAGE_BYTES].string_val) == [RED, GREY]
    assert set(request.output_filter) == set(as_tensorflow_serving_lists_it().outputs)


def test_answers_of_another_kind_of_model(canned: CannedServer) -> None:
    canned.answer = lambda context: as_tensorflow_serving_lists_it(images=3)
    with Client(canned.address, MODEL_NAME) as client:
        with pytest.raises(ServerError, match=r"does not answer as an image classifier .* 3 labels for 2"):
            client.predict([RED, RED])

        missing = as_tensorflow_serving_lists_it()
        del missing.outputs[contract.ACCEPTED]
        canned.answer = lambda context: missing
        with pytest.raises(ServerError, match="it has no output 'accepted'"):
            client.predict([RED, RED])

        wrong = as_tensorflow_serving_lists_it()
        wrong.outputs[contract.LABEL].dtype = wire.DT_FLOAT
        canned.answer = lambda context: wrong
        with pytest.raises(ServerError, match="output 'label': dtype DT_STRING expected"):
            client.predict([RED, RED])


def test_a_server_that_is_too_slow(canned: CannedServer) -> None:
    canned.answer = lambda context: time.sleep(0.3)
    with Client(canned.address, MODEL_NAME, timeout_seconds=0.1) as client:
        with pytest.raises(ServerError, match=r"did not answer within 0\.1 seconds"):
            client.predict([RED])


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        ("UNIMPLEMENTED", "does not speak TensorFlow Serving's API: why"),
        ("RESOURCE_EXHAUSTED", "failed with RESOURCE_EXHAUSTED: why"),
    ],
)
def test_other_errors(canned: CannedServer, code: str, sentence: str) -> None:
    canned.answer = lambda context: context.abort(grpc.StatusCode[code], "why\n\t [[{{node x}}]]")
    with Client(canned.address, MODEL_NAME) as client, pytest.raises(ServerError) as error:
        client.predict([RED])
    assert str(error.value) == f"The server at {canned.address} {sentence}"


def test_a_model_that_is_still_loading(canned: CannedServer) -> None:
    status = wire.ModelVersionStatus(version=3, state=wire.ModelVersionStatus.LOADING)
    canned.answer = lambda context: wire.GetModelStatusResponse(model_version_status=[status])
    with Client(canned.address, MODEL_NAME) as client:
        with pytest.raises(ServerError, match="has no version of 'colours' ready"):
            client.model_version()


def test_of_several_versions_the_highest_that_is_ready_answers(canned: CannedServer) -> None:
    states = (
        wire.ModelVersionStatus.AVAILABLE,
        wire.ModelVersionStatus.AVAILABLE,
        wire.ModelVersionStatus.LOADING,
    )
    versions = [
        wire.ModelVersionStatus(version=number, state=state) for number, state in enumerate(states, 1)
    ]
    canned.answer = lambda context: wire.GetModelStatusResponse(model_version_status=versions)
    with Client(canned.address, MODEL_NAME) as client:
        assert client.model_version() == 2


def test_the_import_is_light() -> None:
    program = (
        "import json, sys; import serving.client;"
        "print(json.dumps(sorted({module.split('.')[0] for module in sys.modules})))"
    )
    root = Path(__file__).parents[2]
    printed = subprocess.run(
        [sys.executable, "-c", program], cwd=root, capture_output=True, check=True
    ).stdout
    modules = json.loads(printed)
    assert not {"tensorflow", "tensorflow_serving", "tfx", "keras", "numpy"} & set(modules)
    assert "grpc" in modules
