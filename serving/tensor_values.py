"""Reads the values of a TensorProto without TensorFlow.

A server may pack numbers into tensor_content, as TensorFlow's Python code does, or list them one by
one in the field of their dtype, as TensorFlow Serving does. Strings are always listed.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Sequence
from typing import Final, TypeVar

from serving.protos import tensorflow_serving_wire_pb2 as wire

Value = TypeVar("Value", float, bool, bytes)

FLOAT_BYTES: Final = 4


def float_values(tensor: wire.TensorProto) -> list[float]:
    """Gives the values of a float32 tensor, row by row.

    Raises:
        ValueError: the tensor has another dtype, or more or fewer values than its shape says.
    """
    _check_dtype(tensor, wire.DT_FLOAT)
    content = tensor.tensor_content
    if len(content) % FLOAT_BYTES:
        raise ValueError(f"{len(content)} packed bytes are no multiple of {FLOAT_BYTES}")
    packed = struct.unpack(f"<{len(content) // FLOAT_BYTES}f", content)
    return _as_many_as_shape(tensor, packed or tensor.float_val)


def bool_values(tensor: wire.TensorProto) -> list[bool]:
    """Gives the values of a bool tensor, row by row.

    Raises:
        ValueError: the tensor has another dtype, or more or fewer values than its shape says.
    """
    _check_dtype(tensor, wire.DT_BOOL)
    packed = [byte != 0 for byte in tensor.tensor_content]
    return _as_many_as_shape(tensor, packed or tensor.bool_val)


def string_values(tensor: wire.TensorProto) -> list[bytes]:
    """Gives the values of a string tensor, row by row.

    Raises:
        ValueError: the tensor has another dtype, or more or fewer values than its shape says.
    """
    _check_dtype(tensor, wire.DT_STRING)
    return _as_many_as_shape(tensor, tensor.string_val)


def _check_dtype(tensor: wire.TensorProto, dtype: wire.DataType) -> None:
    if tensor.dtype != dtype:
        raise ValueError(f"dtype {wire.DataType.Name(dtype)} expected, got number {tensor.dtype}")


def _as_many_as_shape(tensor: wire.TensorProto, values: Sequence[Value]) -> list[Value]:
    shape = [dim.size for dim in tensor.tensor_shape.dim]
    if len(values) != math.prod(shape):
        raise ValueError(f"{len(values)} values do not fill the shape {shape}")
    return list(values)
