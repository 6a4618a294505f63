"""Kubeflow Pipelines' own package, which comes with the extra `kubeflow` alone."""

from __future__ import annotations

import platform
import sys
from typing import Final

from components.contract import ConfigError

# The last kfp that TFX lets in on an older one knows no time limits, tolerations or annotations of pods.
_FIRST_PYTHON: Final = (3, 11)


def require_kfp() -> None:
    """Imports it, so that whatever needs it does not fail in the middle.

    Raises:
        ConfigError: it is not installed, or cannot be on this Python.
    """
    if sys.version_info < _FIRST_PYTHON:
        raise ConfigError(
            f"The package kfp needs Python 3.11, and this is {platform.python_version()}: "
            "remove .venv, and make setup installs it anew."
        )
    try:
        import kfp  # noqa: F401
    except ImportError:
        raise ConfigError(
            "The package kfp is missing: make setup installs it, or pip install 'imgclf[kubeflow]'."
        ) from None
