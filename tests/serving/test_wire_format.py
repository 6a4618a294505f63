"""The hand-written messages against the ones they stand in for."""

from __future__ import annotations

from typing import Any

import pytest
from tensorflow.core.framework import tensor_pb2, tensor_shape_pb2, types_pb2
from tensorflow_serving.apis import get_model_status_pb2, model_pb2, predict_pb2

from serving.protos import tensorflow_serving_wire_pb2 as wire


def layout(field: Any) -> tuple[int, int, int, str | None]:
    """What counts on the wire: number, type, whether repeated, and which message."""
    return field.number, field.type, field.label, field.message_type and field.message_type.name


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (wire.TensorShapeProto, tensor_shape_pb2.TensorShapeProto),
        (wire.TensorShapeProto.Dim, tensor_shape_pb2.TensorShapeProto.Dim),
        (wire.TensorProto, tensor_pb2.TensorProto),
        (wire.ModelSpec, model_pb2.ModelSpec),
        (wire.PredictRequest, predict_pb2.PredictRequest),
        (wire.PredictResponse, predict_pb2.PredictResponse),
        (wire.GetModelStatusRequest, get_model_status_pb2.GetModelStatusRequest),
        (wire.GetModelStatusResponse, get_model_status_pb2.GetModelStatusResponse),
        (wire.ModelVersionStatus, get_model_status_pb2.ModelVersionStatus),
    ],
)
def test_fields(ours: Any, theirs: Any) -> None:
    for field in ours.DESCRIPTOR.fields:
        assert layout(field) == layout(theirs.DESCRIPTOR.fields_by_name[field.name]), field.name


def test_enums() -> None:
    assert set(wire.DataType.items()) <= set(types_pb2.DataType.items())
    states = get_model_status_pb2.ModelVersionStatus.State.items()
    assert wire.ModelVersionStatus.State.items() == states
