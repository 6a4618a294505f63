"""Loading the frameworks without Python's garbage collector going through them."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn


@contextmanager
def uncollected_imports() -> Iterator[None]:
    """Has the garbage collector wait, and leave alone for good whatever there is at the end.

    For a process that has done nothing yet: garbage would be kept as well.
    TFX and TensorFlow are a million objects that stay. While they are made, the collector
    would go through them again and again, for a fifth of the time that loading them takes.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if was_enabled:
            gc.enable()


def end_process(exit_code: int) -> NoReturn:
    """Ends a process that has loaded the frameworks.

    Python ends with a last search through all objects; none of them is worth it.
    """
    gc.freeze()
    sys.exit(exit_code)
