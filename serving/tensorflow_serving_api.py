"""TensorFlow Serving's gRPC services, answered from a loaded version.

The two services are registered by the functions that tensorflow_serving.apis generates, which ask
for methods of the right names and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import grpc
import tensorflow as tf
from tensorflow.core.framework.tensor_pb2 import TensorProto
from tensorflow.core.framework.types_pb2 import (
    DT_DOUBLE,
    DT_FLOAT,
    DT_INT8,
    DT_INT16,
    DT_INT32,
    DT_INT64,
    DT_UINT8,
    DT_UINT32,
    DT_UINT64,
)
from tensorflow_serving.apis.get_model_metadata_pb2 import (
    GetModelMetadataRequest,
    GetModelMetadataResponse,
    SignatureDefMap,
)
from tensorflow_serving.apis.get_model_status_pb2 import (
    GetModelStatusRequest,
    GetModelStatusResponse,
    ModelVersionStatus,
)
from tensorflow_serving.apis.model_pb2 import ModelSpec
from tensorflow_serving.apis.predict_pb2 import PredictRequest, PredictResponse

from serving.contract import SERVING_DEFAULT
from serving.first_line import first_line
from serving.session_model import Array, RequestError, UnknownSignatureError
from serving.version_watcher import ServedVersion, VersionWatcher

_SIGNATURE_DEF = "signature_def"
# Where TensorFlow Serving lists the numbers of a tensor; others of make_tensor_proto's are listed already.
_LISTS = {
    DT_FLOAT: "float_val",
    DT_DOUBLE: "double_val",
    DT_INT8: "int_val",
    DT_INT16: "int_val",
    DT_INT32: "int_val",
    DT_INT64: "int64_val",
    DT_UINT8: "int_val",
    DT_UINT32: "uint32_val",
    DT_UINT64: "uint64_val",
}
_STATUS_OF_CODE = {status.value[0]: status for status in grpc.StatusCode}


class _ServedModel:
    """What both services share: the one model, and who may ask for it."""

    def __init__(self, model_name: str, watcher: VersionWatcher) -> None:
        self._model_name = model_name
        self._watcher = watcher

    @contextmanager
    def _lease(self, spec: ModelSpec, context: grpc.ServicerContext) -> Iterator[ServedVersion]:
        self._check_name(spec, context)
        choice = spec.WhichOneof("version_choice")
        if choice == "version_label":
            context.abort(
                grpc.StatusCode.INVALID_ARGUMENT,
                f"This server knows no version labels, such as {spec.version_label!r}.",
            )
        with self._watcher.lease() as served:
            if choice == "version" and spec.version.value != served.version:
                self._abort_version(spec.version.value, served, context)
            yield served

    def _check_name(self, spec: ModelSpec, context: grpc.ServicerContext) -> None:
        if not spec.name:
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, "The request has no model_spec.name.")
        if spec.name != self._model_name:
            context.abort(
                grpc.StatusCode.NOT_FOUND,
                f"This server has no model {spec.name!r}; it serves {self._model_name!r}.",
            )

    def _abort_version(self, version: int, served: ServedVersion, context: grpc.ServicerContext) -> None:
        context.abort(
            grpc.StatusCode.NOT_FOUND,
            f"Version {version} of model {self._model_name!r} is not served; version {served.version} is.",
        )

    def _spec(self, served: ServedVersion, signature_name: str = "") -> ModelSpec:
        spec = ModelSpec(name=self._model_name, signature_name=signature_name)
        spec.version.value = served.version
        return spec


def _listed(values: Array) -> TensorProto:
    """A tensor whose values are listed one by one, as TensorFlow Serving sends them.

    Many clients read float_val, which TensorFlow's Python code leaves empty, packing the values instead.
    """
    tensor: TensorProto = tf.make_tensor_proto(values)
    if tensor.tensor_content and tensor.dtype in _LISTS:
        tensor.ClearField("tensor_content")
        getattr(tensor, _LISTS[tensor.dtype]).extend(values.ravel().tolist())
    return tensor


def _unimplemented(method: str) -> Callable[[Any, Any, grpc.ServicerContext], None]:
    def answer(self: Any, request: Any, context: grpc.ServicerContext) -> None:
        context.abort(
            grpc.StatusCode.UNIMPLEMENTED,
            f"{method} is not offered by the embedded server; TensorFlow Serving itself has it.",
        )

    return answer


class PredictionService(_ServedModel):
    """tensorflow.serving.PredictionService: Predict and GetModelMetadata."""

    def Predict(self, request: PredictRequest, context: grpc.ServicerContext) -> PredictResponse:
        """Runs one signature on the request's tensors."""
        with self._lease(request.model_spec, context) as served:
            try:
                answers = served.model.predict(request)
            except UnknownSignatureError as error:
                context.abort(grpc.StatusCode.FAILED_PRECONDITION, str(error))
            except RequestError as error:
                context.abort(grpc.StatusCode.INVALID_ARGUMENT, str(error))
            except tf.errors.OpError as error:
                # TensorFlow's error codes are gRPC's.
                context.abort(_STATUS_OF_CODE[error.error_code], first_line(error.message))
            signature_name = request.model_spec.signature_name or SERVING_DEFAULT
            response = PredictResponse(model_spec=self._spec(served, signature_name))
        for name, values in answers.items():
            response.outputs[name].CopyFrom(_listed(values))
        return response

    def GetModelMetadata(
        self, request: GetModelMetadataRequest, context: grpc.ServicerContext
    ) -> GetModelMetadataResponse:
        """Describes the signatures; "signature_def" is the one metadata field there is."""
        if set(request.metadata_field) != {_SIGNATURE_DEF}:
            context.abort(
                grpc.StatusCode.INVALID_ARGUMENT,
                f"metadata_field must be [{_SIGNATURE_DEF!r}], got {list(request.metadata_field)}.",
            )
        with self._lease(request.model_spec, context) as served:
            response = GetModelMetadataResponse(model_spec=self._spec(served))
            signatures = SignatureDefMap(signature_def=served.model.signatures)
        response.metadata[_SIGNATURE_DEF].Pack(signatures)
        return response

    Classify = _unimplemented("Classify")
    Regress = _unimplemented("Regress")
    MultiInference = _unimplemented("MultiInference")


class ModelService(_ServedModel):
    """tensorflow.serving.ModelService: GetModelStatus."""

    def GetModelStatus(
        self, request: GetModelStatusRequest, context: grpc.ServicerContext
    ) -> GetModelStatusResponse:
        """Lists the served version as AVAILABLE, and one that failed to load as END with its error.

        The newest comes first, as with TensorFlow Serving.
        """
        spec = request.model_spec
        self._check_name(spec, context)
        with self._watcher.lease() as served:
            statuses = [ModelVersionStatus(version=served.version, state=ModelVersionStatus.AVAILABLE)]
        failed = self._watcher.failed
        if failed is not None:
            statuses.append(ModelVersionStatus(version=failed.version, state=ModelVersionStatus.END))
            statuses[-1].status.error_code = tf.errors.UNKNOWN
            statuses[-1].status.error_message = failed.reason
        statuses.sort(key=lambda status: status.version, reverse=True)
        if spec.HasField("version"):
            statuses = [status for status in statuses if status.version == spec.version.value]
            if not statuses:
                self._abort_version(spec.version.value, served, context)
        return GetModelStatusResponse(model_version_status=statuses)

    HandleReloadConfigRequest = _unimplemented("HandleReloadConfigRequest")
