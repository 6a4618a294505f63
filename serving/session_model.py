"""A SavedModel loaded and called the way TensorFlow Serving does it: a graph and a session.

`tf.saved_model.load` is more lenient. It rebuilds Python objects and with them variables which the
graph's own initializer never restores, so a model can pass there and still fail in TensorFlow
Serving with "Could not find variable". Whatever checks or serves a model here goes through this
module.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
import tensorflow as tf
from tensorflow.core.framework.tensor_pb2 import TensorProto
from tensorflow.core.framework.types_pb2 import DT_STRING
from tensorflow.core.protobuf.meta_graph_pb2 import SignatureDef, TensorInfo
from tensorflow_serving.apis.predict_pb2 import PredictRequest
from tensorflow_serving.apis.prediction_log_pb2 import PredictionLog

from serving.contract import SAVED_MODEL_FILE, SERVING_DEFAULT, WARMUP_REQUESTS
from serving.first_line import first_line

Array = np.ndarray[Any, np.dtype[Any]]


class ModelLoadError(Exception):
    """The directory holds no model that TensorFlow Serving could make available."""


class RequestError(ValueError):
    """A request does not fit the signatures of the model; the text says what is expected."""


class UnknownSignatureError(RequestError):
    """The model has no such signature, for which TensorFlow Serving has a status code of its own."""


class SessionModel:
    """One loaded SavedModel. Calls may come from several threads at once."""

    def __init__(self, session: tf.compat.v1.Session, signatures: Mapping[str, SignatureDef]) -> None:
        """Takes over an open session; `load` is the way to make one.

        Args:
            session: holds the restored graph; closed by `close`.
            signatures: signature name to SignatureDef, tensor names as in the session's graph.
        """
        self._session = session
        self._signatures = signatures

    @classmethod
    def load(cls, path: str | Path) -> SessionModel:
        """Loads the SavedModel with the tag "serve" into a graph and session of its own.

        Args:
            path: the directory that holds saved_model.pb.

        Raises:
            ModelLoadError: there is no SavedModel, or TensorFlow cannot restore it.
        """
        try:
            tf.io.gfile.stat(f"{path}/{SAVED_MODEL_FILE}")
        except tf.errors.NotFoundError as error:
            raise ModelLoadError(f"{path} is no SavedModel: it holds no {SAVED_MODEL_FILE}.") from error
        except tf.errors.OpError as error:
            raise ModelLoadError(f"The SavedModel cannot be read: {first_line(error.message)}") from error
        graph = tf.Graph()
        session = tf.compat.v1.Session(graph=graph)
        try:
            with graph.as_default():
                # TensorFlow logs that this is deprecated; it is still the only loader that
                # restores a model as TensorFlow Serving does.
                meta_graph = tf.compat.v1.saved_model.load(session, [tf.saved_model.SERVING], str(path))
            graph.finalize()
        # A damaged model shows in about every way an op, a protobuf or a file can fail.
        except Exception as error:
            session.close()
            raise ModelLoadError(
                f"The SavedModel {path} cannot be loaded into a session: {first_line(str(error))}"
            ) from error
        return cls(session, dict(meta_graph.signature_def))

    @property
    def signatures(self) -> Mapping[str, SignatureDef]:
        """Signature name to SignatureDef, as stored in the model."""
        return self._signatures

    def predict(self, request: PredictRequest) -> dict[str, Array]:
        """Answers a request as it comes over the wire; which model it asks for is the server's affair.

        Args:
            request: of serving_default, unless it names another signature.

        Returns:
            Output name to array, as `run` does.

        Raises:
            RequestError: as `run` does; or a tensor's values do not match its dtype and shape.
            tf.errors.OpError: as `run` does.
        """
        name = request.model_spec.signature_name or SERVING_DEFAULT
        signature = self._signature(name)
        _check_names(name, signature, request.inputs)
        inputs = {key: _decoded(key, tensor, signature.inputs[key]) for key, tensor in request.inputs.items()}
        return self.run(name, inputs, request.output_filter)

    def run(
        self, signature_name: str, inputs: Mapping[str, Array], outputs: Sequence[str] | None = None
    ) -> dict[str, Array]:
        """Calls one signature.

        Args:
            signature_name: a key of `signatures`.
            inputs: every input of the signature, in its dtype and shape. Strings come as object
                arrays of bytes: numpy's own "S" arrays drop trailing zero bytes, which belong to
                some image files.
            outputs: the outputs to compute; all of the signature if None or empty.

        Returns:
            Output name to array; strings as object arrays of bytes.

        Raises:
            RequestError: the signature, an input or an output does not exist, is missing, or has
                another dtype or shape; or an output is asked for twice.
            tf.errors.OpError: an op of the model failed; InvalidArgumentError for bytes that are
                no image.
        """
        signature = self._signature(signature_name)
        _check_names(signature_name, signature, inputs)
        for name, info in signature.inputs.items():
            _check_input(name, inputs[name].dtype, tf.TensorShape(inputs[name].shape), info)
        wanted = tuple(outputs or sorted(signature.outputs))
        if len(set(wanted)) < len(wanted) or not set(wanted) <= set(signature.outputs):
            raise RequestError(
                f"Signature {signature_name!r} gives the outputs {_names(signature.outputs)}, each once,"
                f" asked for {_names(wanted)}."
            )
        # session.make_callable would be no faster: with a list of feeds it calls session.run.
        answers: dict[str, Array] = self._session.run(
            {name: signature.outputs[name].name for name in wanted},
            {info.name: inputs[name] for name, info in signature.inputs.items()},
        )
        return answers

    def close(self) -> None:
        """Frees the session; calls under way in other threads fail. Closing twice is allowed."""
        self._session.close()

    def __enter__(self) -> SessionModel:
        """Returns the model itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Closes the model."""
        self.close()

    def _signature(self, name: str) -> SignatureDef:
        # "__saved_model_init_op" and its like are not for callers.
        callable_ones = [known for known in self._signatures if not known.startswith("__")]
        if name not in callable_ones:
            raise UnknownSignatureError(
                f"The model has no signature {name!r}; it has {_names(callable_ones)}."
            )
        return self._signatures[name]


def replay_warmup(model: SessionModel, saved_model_dir: str | Path) -> int:
    """Sends a model its own warm-up requests, as TensorFlow Serving does before it is available.

    Args:
        model: the loaded model.
        saved_model_dir: where it was loaded from.

    Returns:
        The number of requests replayed; 0 when the model brings none.

    Raises:
        ModelLoadError: the file is damaged, holds something else than Predict requests, or the
            model fails at one of them.
    """
    count = 0
    for count, log in enumerate(_warmup_logs(f"{saved_model_dir}/{WARMUP_REQUESTS}"), start=1):
        kind = log.WhichOneof("log_type")
        if kind != "predict_log":
            raise ModelLoadError(
                f"Warm-up request {count} of {saved_model_dir} is a {kind}; only predict_log can be replayed."
            )
        try:
            model.predict(log.predict_log.request)
        except (RequestError, tf.errors.OpError) as error:
            raise ModelLoadError(
                f"The model {saved_model_dir} fails at its warm-up request {count}: {first_line(str(error))}"
            ) from error
    return count


def _warmup_logs(path: str) -> Iterator[PredictionLog]:
    if not tf.io.gfile.exists(path):
        return
    try:
        for record in tf.data.TFRecordDataset(path).as_numpy_iterator():
            yield PredictionLog.FromString(record)
    except (tf.errors.OpError, ValueError) as error:
        raise ModelLoadError(f"The warm-up file {path} cannot be read: {first_line(str(error))}") from error


def _check_names(signature_name: str, signature: SignatureDef, inputs: Iterable[str]) -> None:
    if set(inputs) != set(signature.inputs):
        raise RequestError(
            f"Signature {signature_name!r} takes the inputs {_names(signature.inputs)},"
            f" got {_names(inputs) or 'none'}."
        )


def _check_input(name: str, dtype: np.dtype[Any], shape: tf.TensorShape, info: TensorInfo) -> None:
    taken, taken_shape = tf.as_dtype(info.dtype), tf.TensorShape(info.tensor_shape)
    if dtype != taken.as_numpy_dtype or not taken_shape.is_compatible_with(shape):
        given = "string" if dtype.hasobject else dtype
        raise RequestError(
            f"Input {name!r} takes {taken.name} of shape {taken_shape}, got {given} of shape {shape}."
        )


def _decoded(name: str, tensor: TensorProto, info: TensorInfo) -> Array:
    """The values of a tensor, once it is sure that there are as many as its shape says.

    NumPy would take a size of -1 for any, which TensorFlow Serving refuses; and a short request that claims
    thousands of millions of strings would get the memory for them.
    """
    sizes = [dim.size for dim in tensor.tensor_shape.dim]
    if tensor.tensor_shape.unknown_rank or any(size < 0 for size in sizes):
        raise _invalid(name, "its shape leaves a size open")
    try:
        dtype = np.dtype(tf.as_dtype(tensor.dtype).as_numpy_dtype)
    except (TypeError, KeyError) as error:  # There is none of that number, or NumPy has none like it.
        raise _invalid(name, f"there are no values of dtype {tensor.dtype}") from error
    shape = tf.TensorShape(sizes)
    _check_input(name, dtype, shape, info)
    if tensor.dtype == DT_STRING and len(tensor.string_val) != shape.num_elements():
        raise _invalid(name, f"{len(tensor.string_val)} strings do not fill the shape {shape}")
    try:
        values: Array = tf.make_ndarray(tensor)
    except (TypeError, ValueError, IndexError, KeyError) as error:
        raise _invalid(name, str(error)) from error
    return values


def _invalid(name: str, reason: str) -> RequestError:
    return RequestError(f"Input {name!r} is not a valid tensor: {first_line(reason)}.")


def _names(names: Iterable[str]) -> str:
    return ", ".join(sorted(names))
