"""Kubeflow Pipelines' own package, which comes with the extra `kubeflow` alone."""

from __future__ import annotations

from components.contract import ConfigError


def require_kfp() -> None:
    """Imports it, so that whatever needs it does not fail in the middle.

    Raises:
        ConfigError: it is not installed.
    """
    try:
        import kfp  # noqa: F401
    except ImportError:
        raise ConfigError(
            "The package kfp is missing: make setup installs it, or pip install 'imgclf[kubeflow]'."
        ) from None
