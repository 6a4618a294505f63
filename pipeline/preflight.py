"""What can be known to be wrong before TensorFlow is loaded."""

from __future__ import annotations

import hashlib
from pathlib import Path

from components.contract import ConfigError
from components.example_schema.schema_rule import read_curated_schema
from components.image_folder.image_store import is_uri
from components.image_folder.label_map import extend_labels
from components.image_folder.list_images import list_images
from components.image_folder.settings import DataSettings, LabelSettings
from components.pusher.ledger import Ledger
from pipeline.config import Config
from pipeline.workspace import Workspace


def resolve(config: Config, images: str | None, workspace: Workspace) -> Config:
    """Completes the configuration, and refuses in milliseconds what would fail in minutes.

    The paths become absolute, and the hash of the weights file is filled in,
    so that another file under the same name is never mistaken for it in a
    cached run.

    Args:
        config: as the user gave it.
        images: from the command line; comes before `data.images`.
        workspace: holds the labels that are published already.

    Raises:
        ConfigError: no such folder, schema or weights file, or one that is not what it should be.
        DataError: the folder cannot be classified, or a published label is gone.
    """
    data = resolve_data(config.data, images)
    published = Ledger.read(workspace.model_dir(config.name))
    extend_labels(published.labels, list_images(data).labels, pinned=data.labels.file is not None)
    return config.model_copy(
        update={
            "data": data,
            "model": config.model.model_copy(update=_weights(config)),
        }
    )


def resolve_data(data: DataSettings, images: str | None) -> DataSettings:
    """Makes the paths absolute.

    Args:
        data: as the user gave it.
        images: from the command line; comes before `data.images`.

    Raises:
        ConfigError: no images are named, or the schema file is none.
    """
    chosen = images or data.images
    if chosen is None:
        raise ConfigError(
            "No images given. Name the folder with --images DIR, or as data.images in the file."
        )
    try:
        chosen.encode()
    except UnicodeEncodeError as error:
        raise ConfigError(
            f"{chosen!a} has bytes in its name that are not UTF-8, which TFX cannot note down. Rename it."
        ) from error
    where = chosen if is_uri(chosen) else str(_absolute(Path(chosen)))
    return data.model_copy(update={"images": where, **_schema(data), **_label_file(data.labels)})


def _absolute(path: Path) -> Path:
    try:
        return path.expanduser().absolute()
    except RuntimeError as error:
        raise ConfigError(f"{path}: there is no such user.") from error


def _schema(data: DataSettings) -> dict[str, str]:
    if data.schema_file is None:
        return {}
    path = _absolute(Path(data.schema_file))
    read_curated_schema(path)
    return {"schema_file": str(path)}


def _label_file(labels: LabelSettings) -> dict[str, LabelSettings]:
    if labels.file is None:
        return {}
    return {"labels": labels.model_copy(update={"file": str(_absolute(Path(labels.file)))})}


def _weights(config: Config) -> dict[str, str]:
    if config.model.weights in ("imagenet", "none"):
        if config.model.weights_sha256 is not None:
            raise ConfigError(
                f"model.weights_sha256 belongs to a file, and model.weights is '{config.model.weights}'. "
                "Leave it out with --set model.weights_sha256=null."
            )
        return {}
    path = _absolute(Path(config.model.weights))
    if not path.is_file():
        raise ConfigError(
            f"model.weights: there is no file {path}. Give one with --set model.weights=FILE, "
            "or 'imagenet' to download them, or 'none'."
        )
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(2**20):
            digest.update(block)
    actual = digest.hexdigest()
    expected = config.model.weights_sha256
    if expected is not None and actual != expected:
        raise ConfigError(
            f"model.weights: {path} is not the file it should be: its SHA-256 is {actual}, "
            f"model.weights_sha256 says {expected}."
        )
    return {"weights": str(path), "weights_sha256": actual}
