"""Telling URIs from paths."""

from __future__ import annotations

import re
from typing import Final

_URI: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")


def is_uri(path: str) -> bool:
    """Whether this names something by URI, such as `gs://bucket/folder`, and not a local path."""
    return _URI.match(path) is not None
