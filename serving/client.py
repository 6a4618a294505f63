"""Asks a served model for predictions; needs grpcio and protobuf, and neither TensorFlow nor TFX.

with Client("127.0.0.1:8500", "cats-dogs") as client:
    for prediction in client.predict([Path("cat.jpg").read_bytes()]):
        print(prediction.label, prediction.probability)
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from types import TracebackType
from typing import Any, TypeVar

import grpc

from serving import contract
from serving.first_line import first_line
from serving.protos import tensorflow_serving_wire_pb2 as wire
from serving.tensor_values import bool_values, float_values, string_values

Values = TypeVar("Values")

# All but the probabilities of every class, which may be thousands an image.
_OUTPUTS = (
    contract.LABEL,
    contract.PROBABILITY,
    contract.ACCEPTED,
    contract.TOP_LABELS,
    contract.TOP_PROBABILITIES,
)


class ServerError(Exception):
    """The server gave no prediction; the text is one sentence on why."""


class RequestRefusedError(ServerError):
    """The server takes the request for a wrong one; most often, a file is no image."""


@dataclass(frozen=True)
class Prediction:
    """What the model says of one image."""

    label: str  # the most probable one
    probability: float  # of that label, 0 to 1
    accepted: bool  # whether the probability reaches the model's reject threshold
    top: tuple[tuple[str, float], ...]  # (label, probability), most probable first


class Client:
    """A connection to TensorFlow Serving or to the embedded server, usable from several threads."""

    def __init__(self, address: str, model_name: str, timeout_seconds: float = 30.0) -> None:
        """Connects at the first call, not here.

        Args:
            address: HOST:PORT of the server's gRPC port. Another machine is asked through the proxy that
                http_proxy names, if any, as gRPC does.
            model_name: the name the model is served under.
            timeout_seconds: how long each call may take.
        """
        self._address = address
        self._model_name = model_name
        self._timeout_seconds = timeout_seconds
        options = [
            # The server knows no limit either; gRPC's own is 4 MB an answer.
            ("grpc.max_receive_message_length", -1),
            # A proxy, which gRPC takes from http_proxy for every host, would look on its own machine.
            ("grpc.enable_http_proxy", 0 if _is_this_machine(address) else 1),
        ]
        self._channel = grpc.insecure_channel(address, options=options)
        self._predict = self._channel.unary_unary(
            "/tensorflow.serving.PredictionService/Predict",
            request_serializer=wire.PredictRequest.SerializeToString,
            response_deserializer=wire.PredictResponse.FromString,
        )
        self._status = self._channel.unary_unary(
            "/tensorflow.serving.ModelService/GetModelStatus",
            request_serializer=wire.GetModelStatusRequest.SerializeToString,
            response_deserializer=wire.GetModelStatusResponse.FromString,
        )

    def predict(self, images: Sequence[bytes]) -> list[Prediction]:
        """Classifies images, in one request.

        Args:
            images: encoded image files (JPEG, PNG, GIF or BMP), as they are on disk; the README's limits
                name those that have to become PNGs first.

        Returns:
            One prediction an image, in the same order.

        Raises:
            RequestRefusedError: a file is no image.
            ServerError: the server is out of reach or does not serve the model, or the answer is
                not that of an image classifier.
        """
        if not images:
            return []
        request = wire.PredictRequest(output_filter=_OUTPUTS)
        request.model_spec.name = self._model_name
        request.model_spec.signature_name = contract.SERVING_DEFAULT
        tensor = request.inputs[contract.IMAGE_BYTES]
        tensor.dtype = wire.DT_STRING
        tensor.tensor_shape.dim.add(size=len(images))
        tensor.string_val.extend(images)
        response: wire.PredictResponse = self._call(self._predict, request)
        try:
            return _predictions(response, len(images))
        except ValueError as error:
            raise ServerError(
                f"The model {self._model_name!r} at {self._address} does not answer as an image"
                f" classifier of this project does: {error}."
            ) from error

    def model_version(self) -> int:
        """Gives the version that answers now.

        Raises:
            ServerError: the server is out of reach, or has no version of the model available.
        """
        request = wire.GetModelStatusRequest()
        request.model_spec.name = self._model_name
        response: wire.GetModelStatusResponse = self._call(self._status, request)
        available = [
            status.version
            for status in response.model_version_status
            if status.state == wire.ModelVersionStatus.AVAILABLE
        ]
        if not available:
            raise ServerError(f"The server at {self._address} has no version of {self._model_name!r} ready.")
        return max(available)

    def close(self) -> None:
        """Closes the connection."""
        self._channel.close()

    def __enter__(self) -> Client:
        """Returns the client itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Closes the connection."""
        self.close()

    def _call(self, method: Callable[..., Any], request: Any) -> Any:
        try:
            return method(request, timeout=self._timeout_seconds)
        except grpc.RpcError as error:
            refused = error.code() == grpc.StatusCode.INVALID_ARGUMENT
            kind = RequestRefusedError if refused else ServerError
            raise kind(self._sentence(error.code(), first_line(error.details() or ""))) from error

    def _sentence(self, code: grpc.StatusCode, details: str) -> str:
        if code == grpc.StatusCode.UNAVAILABLE:
            return f"No server can be reached at {self._address}: {details}"
        if code == grpc.StatusCode.DEADLINE_EXCEEDED:
            return f"The server at {self._address} did not answer within {self._timeout_seconds:g} seconds."
        if code == grpc.StatusCode.NOT_FOUND:
            return f"The server at {self._address} does not serve model {self._model_name!r}: {details}"
        if code == grpc.StatusCode.INVALID_ARGUMENT:
            return f"The server at {self._address} refuses the request: {details}"
        if code == grpc.StatusCode.UNIMPLEMENTED:
            return f"The server at {self._address} does not speak TensorFlow Serving's API: {details}"
        return f"The server at {self._address} failed with {code.name}: {details}"


def _is_this_machine(address: str) -> bool:
    host = address.rpartition(":")[0].strip("[]")
    try:
        address_of_host = ip_address(host)
    except ValueError:  # It is a name.
        return host.lower() == "localhost"
    # What a server listens on that listens everywhere leads to this machine, too.
    return address_of_host.is_loopback or address_of_host.is_unspecified


def _predictions(response: wire.PredictResponse, count: int) -> list[Prediction]:
    labels = _output(response, contract.LABEL, string_values)
    probabilities = _output(response, contract.PROBABILITY, float_values)
    accepted = _output(response, contract.ACCEPTED, bool_values)
    top_labels = _output(response, contract.TOP_LABELS, string_values)
    top_probabilities = _output(response, contract.TOP_PROBABILITIES, float_values)
    if not len(labels) == len(probabilities) == len(accepted) == count:
        raise ValueError(f"{len(labels)} labels for {count} images")
    if len(top_labels) != len(top_probabilities) or len(top_labels) % count:
        raise ValueError(f"{len(top_labels)} top labels for {count} images")
    top = [(label.decode(), value) for label, value in zip(top_labels, top_probabilities, strict=True)]
    width = len(top) // count
    return [
        Prediction(
            label=labels[row].decode(),
            probability=probabilities[row],
            accepted=accepted[row],
            top=tuple(top[row * width : (row + 1) * width]),
        )
        for row in range(count)
    ]


def _output(
    response: wire.PredictResponse, name: str, values: Callable[[wire.TensorProto], Values]
) -> Values:
    if name not in response.outputs:
        raise ValueError(f"it has no output {name!r}")
    try:
        return values(response.outputs[name])
    except ValueError as error:
        raise ValueError(f"output {name!r}: {error}") from error
