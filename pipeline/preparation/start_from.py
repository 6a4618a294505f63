"""Which file `model.start_from` comes to."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

from components.contract import PUSHED_KERAS_MODEL, ConfigError
from components.uri import is_uri
from serving.contract import SAVED_MODEL_FILE, version_folders
from trainer.model.saved_classifier import check_saved_classifier, saved_labels
from trainer.model.settings import PRODUCTION, ModelSettings

_NOWHERE: Final = {"start_from": None, "start_from_sha256": None}


def with_start(model: ModelSettings, model_dir: Path, say: Callable[[str], None]) -> ModelSettings:
    """Puts a file and its hash in the place of what the user wrote.

    Both are among what the Trainer's result is looked up by, so a model that starts from another one is
    another model.

    Args:
        model: as the user gave it.
        model_dir: folder of the versions in production.
        say: is told what a start from production comes to.

    Raises:
        ConfigError: there is no such file, or it is not what it should be.
    """
    if model.start_from is None:
        return model
    if model.start_from == PRODUCTION:
        versions = version_folders(model_dir)
        if not versions:
            say(f"No model is in production yet, so this one starts from model.weights ({model.weights}).")
            return model.model_copy(update=_NOWHERE)
        newest = max(versions)
        path = versions[newest] / PUSHED_KERAS_MODEL
        say(f"This model starts from version {newest}, which is in production.")
    else:
        path = _given(model.start_from)
    digest = _checked(path, model.start_from_sha256)
    return model.model_copy(update={"start_from": str(path), "start_from_sha256": digest})


def _given(text: str) -> Path:
    if is_uri(text):
        raise ConfigError(
            f"model.start_from: {text} is a URI, and only a local file can be started from. Copy it here."
        )
    try:
        path = Path(text).expanduser().absolute()
    except RuntimeError as error:
        raise ConfigError(f"model.start_from: {text}: there is no such user.") from error
    return path / PUSHED_KERAS_MODEL if (path / SAVED_MODEL_FILE).is_file() else path


def _checked(path: Path, expected: str | None) -> str:
    version = path.parent.parent
    if (version / SAVED_MODEL_FILE).is_file() and not path.is_file():
        raise ConfigError(
            f"model.start_from: version {version} was pushed without {PUSHED_KERAS_MODEL}, by another "
            "tool. Give the model.keras of the run that trained it, or push a version anew."
        )
    digest = check_saved_classifier(path, expected)
    saved_labels(path)
    return digest
