"""What a worker process answers to the one that started it, where it is not just done."""

from __future__ import annotations

from typing import NamedTuple

from components.image_folder.headers.image_header import ImageHeader


class ToDecode(list[tuple[bytes, ImageHeader]]):
    """Images that only TensorFlow can decode: the argument of `decode_with_tensorflow`."""


class FailedStep(NamedTuple):
    """An error that ended a step, and where it came from."""

    error: Exception
    traceback: str
