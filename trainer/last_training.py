"""Where the outcome of a model's last training is kept. Pure Python."""

from __future__ import annotations

from pathlib import Path


def last_training(cache_dir: Path, name: str) -> Path:
    """The one file of a model, for the next run that would train just the same.

    Args:
        cache_dir: of the workspace.
        name: of the model.
    """
    return cache_dir / "trained" / f"{name}.npz"
