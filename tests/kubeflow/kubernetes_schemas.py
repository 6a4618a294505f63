"""Kubernetes' own schemas, which lie apart from the other packages: see manifest-checks.in."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

sys.path.append(str(Path(sys.prefix) / "manifest-checks"))

import kubernetes_validate

LATEST = kubernetes_validate.latest_version()
InvalidResourceError = kubernetes_validate.ValidationError


def validate(resource: dict[str, Any], version: str = LATEST) -> None:
    """Holds a resource against the schemas of a version of Kubernetes.

    Raises:
        InvalidResourceError: it does not keep them.
    """
    kubernetes_validate.validate(resource, version, strict=True)
