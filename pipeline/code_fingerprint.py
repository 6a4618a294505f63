"""A hash of the project's own source, so that changed code never gets an old result from the cache."""

from __future__ import annotations

import hashlib
from pathlib import Path

_ROOT = Path(__file__).parent.parent


def code_fingerprint(*packages: str) -> str:
    """Hashes the Python files of some packages.

    Args:
        packages: dotted names, such as `components.image_folder`; modules below them count too.
    """
    digest = hashlib.sha256()
    for package in packages:
        for path in sorted((_ROOT / package.replace(".", "/")).rglob("*.py")):
            digest.update(path.relative_to(_ROOT).as_posix().encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()[:16]
