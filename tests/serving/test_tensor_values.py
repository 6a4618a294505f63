"""The client's tensor decoding against TensorFlow's own encoders."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import tensorflow as tf

from serving.protos import tensorflow_serving_wire_pb2 as wire
from serving.tensor_values import bool_values, float_values, string_values

STRINGS = [b"cat", b"", "dög".encode(), b"x" * 300]


def packed(values: Any) -> wire.TensorProto:
    """Encodes as TensorFlow's C++ code does when it fills tensor_content."""
    return wire.TensorProto.FromString(tf.io.serialize_tensor(tf.constant(values)).numpy())


def from_python(values: Any) -> wire.TensorProto:
    """Encodes as TensorFlow's Python code does."""
    return wire.TensorProto.FromString(tf.make_tensor_proto(values).SerializeToString())


def listed(field: str, dtype: wire.DataType, values: list[Any], shape: list[int]) -> wire.TensorProto:
    """Encodes as TensorFlow Serving does by default."""
    tensor = wire.TensorProto(dtype=dtype)
    getattr(tensor, field).extend(values)
    for size in shape:
        tensor.tensor_shape.dim.add(size=size)
    return tensor


@pytest.mark.parametrize("encode", [packed, from_python])
def test_tensorflows_encodings(encode: Callable[[Any], wire.TensorProto]) -> None:
    assert float_values(encode([[0.5, -2.0], [0.25, 1e-3]])) == pytest.approx([0.5, -2.0, 0.25, 1e-3])
    assert float_values(encode([0.75])) == [0.75]
    assert bool_values(encode([True, False, False])) == [True, False, False]
    assert string_values(encode(STRINGS)) == STRINGS


def test_the_packed_cases_are_packed() -> None:
    assert packed([0.5, 1.0]).tensor_content
    assert packed([True]).tensor_content
    assert from_python([0.5, 1.0]).tensor_content
    assert not from_python([0.5]).tensor_content


def test_listed_values() -> None:
    assert float_values(listed("float_val", wire.DT_FLOAT, [0.5, 0.25], [2, 1])) == [0.5, 0.25]
    assert bool_values(listed("bool_val", wire.DT_BOOL, [False, True], [2])) == [False, True]
    assert string_values(listed("string_val", wire.DT_STRING, STRINGS, [2, 2])) == STRINGS


def test_nothing_in_it() -> None:
    assert float_values(listed("float_val", wire.DT_FLOAT, [], [0, 3])) == []


def test_wrong_dtype() -> None:
    with pytest.raises(ValueError, match="DT_FLOAT expected, got number 10"):
        float_values(packed([True]))
    with pytest.raises(ValueError, match="DT_STRING expected, got number 1"):
        string_values(packed([1.0]))
    with pytest.raises(ValueError, match="DT_BOOL expected, got number 9"):
        bool_values(from_python(tf.constant([1], tf.int64)))


def test_values_that_do_not_fill_the_shape() -> None:
    with pytest.raises(ValueError, match=r"1 values do not fill the shape \[2\]"):
        float_values(listed("float_val", wire.DT_FLOAT, [0.5], [2]))
    cut = packed([0.5, 1.0])
    cut.tensor_content = cut.tensor_content[:-1]
    with pytest.raises(ValueError, match="7 packed bytes"):
        float_values(cut)
