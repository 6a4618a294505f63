"""Reading what pushes note down in JSON."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

from pydantic import TypeAdapter, ValidationError

from components.contract import ConfigError

Note = TypeVar("Note")


def read_note(path: Path, adapter: TypeAdapter[Note]) -> Note:
    """Reads a file of ours.

    Args:
        path: is there.
        adapter: of what is in it.

    Raises:
        ConfigError: somebody else has changed it.
    """
    try:
        return adapter.validate_json(path.read_bytes())
    except ValidationError as error:
        raise damaged(path) from error


def damaged(path: Path) -> ConfigError:
    """What is to be told of a file that pushes write, and that holds something else."""
    return ConfigError(f"{path} is damaged: it is not what a push writes. Bring back the one that was there.")
