"""The question that a worker process has for the one that started it."""

from __future__ import annotations


class ToDecode(list[tuple[bytes, int]]):
    """Images that only TensorFlow can decode: the argument of `decode_with_tensorflow`."""
