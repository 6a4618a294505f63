"""Permissions that hold for root as well."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

# capabilities(7): what lets root open files and folders whose mode forbids it.
_DAC_OVERRIDE: Final = 1 << 1
_DAC_READ_SEARCH: Final = 1 << 2
# _LINUX_CAPABILITY_VERSION_3 (capget(2)), whose data are two times effective, permitted and inheritable.
_VERSION: Final = 0x20080522


@contextmanager
def heeded_permissions() -> Iterator[None]:
    """Within it, this thread and those that it starts may open what modes let them, root's as well."""
    libc = ctypes.CDLL(None, use_errno=True)
    header = (ctypes.c_uint32 * 2)(_VERSION, 0)
    sets = (ctypes.c_uint32 * 6)()

    def call(function: str) -> None:
        if getattr(libc, function)(header, sets) != 0:
            error = ctypes.get_errno()
            raise OSError(error, os.strerror(error))

    call("capget")
    before = sets[0]
    sets[0] &= ~(_DAC_OVERRIDE | _DAC_READ_SEARCH)
    call("capset")
    try:
        yield
    finally:
        sets[0] = before
        call("capset")
