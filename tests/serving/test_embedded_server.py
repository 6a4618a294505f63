"""The server, asked by a client that knows nothing but tensorflow-serving-api."""

from __future__ import annotations

import io
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import pytest
import tensorflow as tf
from grpc_health.v1 import health_pb2, health_pb2_grpc
from PIL import Image
from tensorflow.core.framework.types_pb2 import DT_RESOURCE, DT_VARIANT
from tensorflow_serving.apis.classification_pb2 import ClassificationRequest
from tensorflow_serving.apis.get_model_metadata_pb2 import GetModelMetadataRequest, SignatureDefMap
from tensorflow_serving.apis.get_model_status_pb2 import GetModelStatusRequest, ModelVersionStatus
from tensorflow_serving.apis.model_management_pb2 import ReloadConfigRequest
from tensorflow_serving.apis.model_service_pb2_grpc import ModelServiceStub
from tensorflow_serving.apis.predict_pb2 import PredictRequest
from tensorflow_serving.apis.prediction_service_pb2_grpc import PredictionServiceStub

from serving import contract
from serving.embedded_server import EmbeddedServer, PortBusyError
from serving.session_model import ModelLoadError, SessionModel
from tests.serving.conftest import BLUE, GREEN, IMAGES, LABELS, MODEL_NAME, RED, VERSION, publish, strings


@pytest.fixture(scope="module")
def channel(address: str) -> Iterator[grpc.Channel]:
    """A plain gRPC channel to the server."""
    with grpc.insecure_channel(address) as channel:
        yield channel


def predict_request(*images: bytes, **spec: Any) -> PredictRequest:
    """A request as one writes it by hand."""
    request = PredictRequest()
    request.model_spec.name = spec.get("name", MODEL_NAME)
    request.model_spec.signature_name = spec.get("signature_name", "")
    if "version" in spec:
        request.model_spec.version.value = spec["version"]
    if "version_label" in spec:
        request.model_spec.version_label = spec["version_label"]
    request.inputs[contract.IMAGE_BYTES].CopyFrom(tf.make_tensor_proto(list(images), dtype=tf.string))
    return request


def test_predict_equals_the_session(channel: grpc.Channel, session_model: SessionModel) -> None:
    response = PredictionServiceStub(channel).Predict(predict_request(*IMAGES))
    direct = session_model.run(contract.SERVING_DEFAULT, {contract.IMAGE_BYTES: strings(*IMAGES)})
    assert set(response.outputs) == set(direct)
    for name, values in direct.items():
        np.testing.assert_array_equal(tf.make_ndarray(response.outputs[name]), values)
    labels = tf.make_ndarray(response.outputs[contract.LABEL])
    assert [label.decode() for label in labels[:3]] == list(LABELS)


def test_response_says_who_answered(channel: grpc.Channel) -> None:
    stub = PredictionServiceStub(channel)
    for request in (
        predict_request(RED),
        predict_request(RED, version=VERSION, signature_name=contract.SERVING_DEFAULT),
    ):
        spec = stub.Predict(request).model_spec
        assert (spec.name, spec.version.value, spec.signature_name) == (
            MODEL_NAME,
            VERSION,
            contract.SERVING_DEFAULT,
        )


def test_output_filter(channel: grpc.Channel) -> None:
    request = predict_request(BLUE)
    request.output_filter.extend([contract.LABEL, contract.PROBABILITY])
    response = PredictionServiceStub(channel).Predict(request)
    assert set(response.outputs) == {contract.LABEL, contract.PROBABILITY}


@pytest.mark.parametrize("images", [IMAGES[:1], IMAGES])
def test_values_are_where_tensorflow_serving_puts_them(
    channel: grpc.Channel, session_model: SessionModel, images: tuple[bytes, ...]
) -> None:
    outputs = PredictionServiceStub(channel).Predict(predict_request(*images)).outputs
    direct = session_model.run(contract.SERVING_DEFAULT, {contract.IMAGE_BYTES: strings(*images)})
    for name, values in direct.items():
        listed = {"float32": "float_val", "bool": "bool_val", "object": "string_val"}[str(values.dtype)]
        assert list(getattr(outputs[name], listed)) == values.ravel().tolist()
        assert not outputs[name].tensor_content


def test_a_request_above_grpcs_own_limit(channel: grpc.Channel) -> None:
    buffer = io.BytesIO()
    Image.new("RGB", (1500, 1000), (0, 0, 255)).save(buffer, "BMP")
    assert len(buffer.getvalue()) > 4 << 20
    response = PredictionServiceStub(channel).Predict(predict_request(buffer.getvalue()))
    assert response.outputs[contract.LABEL].string_val[0] == b"blue"


def test_an_empty_batch(channel: grpc.Channel) -> None:
    response = PredictionServiceStub(channel).Predict(predict_request())
    assert tf.make_ndarray(response.outputs[contract.PROBABILITIES]).shape == (0, 3)


def with_input(name: str, tensor: Any) -> PredictRequest:
    """A request whose one input is this."""
    request = predict_request()
    del request.inputs[contract.IMAGE_BYTES]
    request.inputs[name].CopyFrom(tensor)
    return request


def with_unknown_output() -> PredictRequest:
    """A request for an output that no signature gives."""
    request = predict_request(RED)
    request.output_filter.append("score")
    return request


def with_signature(name: str) -> PredictRequest:
    """A request for a signature, without inputs."""
    request = PredictRequest(model_spec=predict_request().model_spec)
    request.model_spec.signature_name = name
    return request


def with_size(size: int) -> PredictRequest:
    """A request with two images, whose tensor says that there are so many."""
    request = predict_request(RED, BLUE)
    request.inputs[contract.IMAGE_BYTES].tensor_shape.dim[0].size = size
    return request


def with_unknown_rank() -> PredictRequest:
    """A request whose tensor does not say how many axes it has."""
    request = predict_request(RED)
    request.inputs[contract.IMAGE_BYTES].tensor_shape.Clear()
    request.inputs[contract.IMAGE_BYTES].tensor_shape.unknown_rank = True
    return request


def with_dtype(number: int) -> PredictRequest:
    """A request whose tensor is of a dtype that there is not, or that no tensor has over the wire."""
    request = predict_request(RED)
    request.inputs[contract.IMAGE_BYTES].dtype = number
    return request


def with_a_repeated_output() -> PredictRequest:
    """A request for the same output twice, which TensorFlow Serving refuses."""
    request = predict_request(RED)
    request.output_filter.extend([contract.LABEL, contract.LABEL])
    return request


@pytest.mark.parametrize(
    ("request_", "code", "details"),
    [
        (predict_request(RED, name="dogs"), "NOT_FOUND", "has no model 'dogs'; it serves 'colours'"),
        (predict_request(RED, version=6), "NOT_FOUND", "Version 6 of model 'colours' is not served"),
        (predict_request(RED, version_label="new"), "INVALID_ARGUMENT", "no version labels"),
        (predict_request(RED, name=""), "INVALID_ARGUMENT", "has no model_spec.name"),
        (PredictRequest(), "INVALID_ARGUMENT", "has no model_spec.name"),
        (predict_request(RED, signature_name="x"), "FAILED_PRECONDITION", "'x'; it has serving_default"),
        (
            with_signature("__saved_model_init_op"),
            "FAILED_PRECONDITION",
            "has no signature '__saved_model_init_op'",
        ),
        (PredictRequest(model_spec=predict_request().model_spec), "INVALID_ARGUMENT", "got none"),
        (
            with_input("images", tf.make_tensor_proto([RED])),
            "INVALID_ARGUMENT",
            "takes the inputs image_bytes",
        ),
        (
            with_input(contract.IMAGE_BYTES, tf.make_tensor_proto([1.0])),
            "INVALID_ARGUMENT",
            "takes string of shape (None,), got float32 of shape (1,)",
        ),
        (
            with_input(contract.IMAGE_BYTES, tf.make_tensor_proto(RED)),
            "INVALID_ARGUMENT",
            "got string of shape ()",
        ),
        (with_size(1), "INVALID_ARGUMENT", "not a valid tensor: 2 strings do not fill the shape (1,)"),
        (with_size(3), "INVALID_ARGUMENT", "not a valid tensor: 2 strings do not fill the shape (3,)"),
        # A server that made room for them would be ended for want of memory.
        (with_size(1 << 62), "INVALID_ARGUMENT", "2 strings do not fill the shape (4611686018427387904,)"),
        (with_size(-1), "INVALID_ARGUMENT", "not a valid tensor: its shape leaves a size open"),
        (with_size(-2), "INVALID_ARGUMENT", "its shape leaves a size open"),
        (with_unknown_rank(), "INVALID_ARGUMENT", "its shape leaves a size open"),
        (with_dtype(0), "INVALID_ARGUMENT", "not a valid tensor"),
        (with_dtype(999), "INVALID_ARGUMENT", "not a valid tensor"),
        (with_dtype(DT_VARIANT), "INVALID_ARGUMENT", "not a valid tensor"),
        (with_dtype(DT_RESOURCE), "INVALID_ARGUMENT", "not a valid tensor"),
        (with_unknown_output(), "INVALID_ARGUMENT", "asked for score"),
        (with_a_repeated_output(), "INVALID_ARGUMENT", "each once, asked for label, label"),
        (predict_request(b"garbage"), "INVALID_ARGUMENT", "Unknown image file format"),
        (predict_request(GREEN, RED[:300]), "INVALID_ARGUMENT", "jpeg::Uncompress failed"),
    ],
)
def test_refused_requests(channel: grpc.Channel, request_: PredictRequest, code: str, details: str) -> None:
    with pytest.raises(grpc.RpcError) as error:
        PredictionServiceStub(channel).Predict(request_)
    assert error.value.code() == grpc.StatusCode[code], error.value.details()
    assert details in error.value.details()
    assert "\n" not in error.value.details()


@pytest.mark.parametrize("times", [1, 2])
def test_metadata(channel: grpc.Channel, session_model: SessionModel, times: int) -> None:
    request = GetModelMetadataRequest(metadata_field=["signature_def"] * times)
    request.model_spec.name = MODEL_NAME
    response = PredictionServiceStub(channel).GetModelMetadata(request)
    assert (response.model_spec.name, response.model_spec.version.value) == (MODEL_NAME, VERSION)
    signatures = SignatureDefMap()
    assert response.metadata["signature_def"].Unpack(signatures)
    assert signatures.signature_def == session_model.signatures
    signature = signatures.signature_def[contract.SERVING_DEFAULT]
    assert tf.as_dtype(signature.inputs[contract.IMAGE_BYTES].dtype) == tf.string


@pytest.mark.parametrize("fields", [[], ["labels"]])
def test_metadata_there_is_not(channel: grpc.Channel, fields: list[str]) -> None:
    request = GetModelMetadataRequest(metadata_field=fields)
    request.model_spec.name = MODEL_NAME
    with pytest.raises(grpc.RpcError) as error:
        PredictionServiceStub(channel).GetModelMetadata(request)
    assert error.value.code() == grpc.StatusCode.INVALID_ARGUMENT


def status_request(name: str = MODEL_NAME, version: int | None = None) -> GetModelStatusRequest:
    """Asks for one version, or for all."""
    request = GetModelStatusRequest()
    request.model_spec.name = name
    if version is not None:
        request.model_spec.version.value = version
    return request


@pytest.mark.parametrize("version", [None, VERSION])
def test_status(channel: grpc.Channel, version: int | None) -> None:
    response = ModelServiceStub(channel).GetModelStatus(status_request(version=version))
    assert [(status.version, status.state) for status in response.model_version_status] == [
        (VERSION, ModelVersionStatus.AVAILABLE)
    ]


@pytest.mark.parametrize("request_", [status_request("dogs"), status_request(version=6)])
def test_status_of_what_is_not_there(channel: grpc.Channel, request_: GetModelStatusRequest) -> None:
    with pytest.raises(grpc.RpcError) as error:
        ModelServiceStub(channel).GetModelStatus(request_)
    assert error.value.code() == grpc.StatusCode.NOT_FOUND


def test_methods_that_are_not_offered(channel: grpc.Channel) -> None:
    for method, request in (
        (PredictionServiceStub(channel).Classify, ClassificationRequest()),
        (ModelServiceStub(channel).HandleReloadConfigRequest, ReloadConfigRequest()),
    ):
        with pytest.raises(grpc.RpcError) as error:
            method(request)
        assert error.value.code() == grpc.StatusCode.UNIMPLEMENTED
        assert "is not offered by the embedded server" in error.value.details()


@pytest.mark.parametrize("service", ["", "tensorflow.serving.PredictionService"])
def test_health(channel: grpc.Channel, service: str) -> None:
    response = health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest(service=service))
    assert response.status == health_pb2.HealthCheckResponse.SERVING


def test_a_port_of_another_grpc_server(address: str, tmp_path: Path) -> None:
    port = int(address.rpartition(":")[2])
    with pytest.raises(PortBusyError, match=f"Port {port} is busy: another program listens on"):
        EmbeddedServer(tmp_path, MODEL_NAME, port=port).start()


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0"])
def test_a_port_of_a_server_that_would_share_it(host: str, tmp_path: Path) -> None:
    sharing = grpc.server(ThreadPoolExecutor(1))
    port = sharing.add_insecure_port("127.0.0.1:0")
    sharing.start()
    with pytest.raises(PortBusyError, match=f"Port {port} is busy"):
        EmbeddedServer(tmp_path, MODEL_NAME, host, port).start()
    sharing.stop(None).wait()


def test_nobody_can_share_the_port(address: str) -> None:
    with pytest.raises(RuntimeError):
        grpc.server(ThreadPoolExecutor(1)).add_insecure_port(address)


@pytest.mark.parametrize(
    ("host", "reason"),
    [("192.0.2.1", "Cannot assign requested address"), ("no.such.host.invalid", "not known|resolution")],
)
def test_a_host_that_is_not_here(host: str, reason: str, tmp_path: Path) -> None:
    with pytest.raises(OSError, match=f"^Cannot listen on {host}:8500: .*({reason})"):
        EmbeddedServer(tmp_path, MODEL_NAME, host).start()


def test_a_host_without_a_name(exported: Path, tmp_path: Path) -> None:
    publish(exported, tmp_path, 1)
    with pytest.raises(OSError, match="^Cannot listen on a host without a name"):
        EmbeddedServer(tmp_path, MODEL_NAME, "", port=0).start()


def test_a_port_that_is_taken_while_the_model_loads(
    exported: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(exported, tmp_path, 1)
    with socket.create_server(("127.0.0.1", 0)) as other:
        monkeypatch.setattr(EmbeddedServer, "_check_port", lambda self: None)
        server = EmbeddedServer(tmp_path, MODEL_NAME, port=other.getsockname()[1])
        with pytest.raises(PortBusyError, match="is busy"):
            server.start()
    assert not [thread for thread in threading.enumerate() if thread.name == f"versions of {tmp_path}"]


def test_ipv6(exported: Path, tmp_path: Path) -> None:
    publish(exported, tmp_path, 1)
    with EmbeddedServer(tmp_path, MODEL_NAME, host="::1", port=0) as server:
        with grpc.insecure_channel(f"[::1]:{server.port}") as channel:
            assert PredictionServiceStub(channel).Predict(predict_request(RED)).outputs


@pytest.mark.parametrize("port", [-1, 65536])
def test_a_port_out_of_range(port: int, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="0 to 65535"):
        EmbeddedServer(tmp_path, MODEL_NAME, port=port)


def test_nothing_to_serve(tmp_path: Path) -> None:
    (tmp_path / "1").mkdir()
    with pytest.raises(ModelLoadError, match="holds no model"):
        EmbeddedServer(tmp_path, MODEL_NAME, port=0).start()


def test_a_model_that_fails_its_warm_up_is_not_served(wrongly_exported: Path, tmp_path: Path) -> None:
    publish(wrongly_exported, tmp_path, 1)
    with pytest.raises(ModelLoadError, match="Could not find variable"):
        EmbeddedServer(tmp_path, MODEL_NAME, port=0).start()


def test_context_manager_and_wait(exported: Path, tmp_path: Path) -> None:
    publish(exported, tmp_path, 1)
    with EmbeddedServer(tmp_path, MODEL_NAME, port=0) as server:
        waiter = threading.Thread(target=server.wait, daemon=True)
        waiter.start()
        with grpc.insecure_channel(f"127.0.0.1:{server.port}") as channel:
            assert PredictionServiceStub(channel).Predict(predict_request(RED)).outputs
        assert waiter.is_alive()
    waiter.join(timeout=60)
    assert not waiter.is_alive()
    with socket.create_server(("127.0.0.1", server.port)):
        pass
