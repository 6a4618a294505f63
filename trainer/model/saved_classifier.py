"""What a saved classifier, a `.keras` file, says of itself without Keras: its labels, and its hash.

The file is a ZIP archive, of which Keras reads its own entries by name. The labels are one entry more, so
that the file alone is enough to start from, wherever it was copied to.
"""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from components.contract import ConfigError

_LABELS: Final = "labels.txt"


def add_labels(path: Path, labels: Sequence[str]) -> None:
    """Writes the labels into a file that Keras has saved.

    Args:
        path: changed in place.
        labels: names in id order.
    """
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(_LABELS, "".join(f"{label}\n" for label in labels))


def saved_labels(path: Path) -> tuple[str, ...]:
    """Reads the labels, in id order.

    Raises:
        ConfigError: the file cannot be read, or was not saved by a run.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            return tuple(archive.read(_LABELS).decode().removesuffix("\n").split("\n"))
    except OSError as error:
        raise ConfigError(f"model.start_from: {path} cannot be read: {error.strerror}.") from error
    except (zipfile.BadZipFile, KeyError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"model.start_from: {path} is not a model that a run has saved, with its labels in it. Give the "
            "model.keras of a run, or the folder of a pushed version."
        ) from error


def check_saved_classifier(path: Path, expected: str | None) -> str:
    """Reads the file through.

    Args:
        path: of a `.keras` file.
        expected: its SHA-256, hexadecimal; None for any.

    Returns:
        Its SHA-256.

    Raises:
        ConfigError: the file cannot be read, or is another one.
    """
    digest = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while block := file.read(2**20):
                digest.update(block)
    except OSError as error:
        raise ConfigError(
            f"model.start_from: {path} cannot be read: {error.strerror}. Give the model.keras of a run, the "
            "folder of a pushed version, or 'production'."
        ) from error
    if expected not in (None, digest.hexdigest()):
        raise ConfigError(
            f"model.start_from: {path} is not the file it should be: its SHA-256 is {digest.hexdigest()}, "
            f"model.start_from_sha256 says {expected}."
        )
    return digest.hexdigest()
