"""What can be known to be wrong before TensorFlow is loaded."""

from __future__ import annotations

import filecmp
from collections.abc import Callable
from pathlib import Path

from components.contract import KERAS_MODEL_FILE, PUSHED_KERAS_MODEL, ConfigError
from components.example_schema.schema_rule import read_curated_schema
from components.image_folder.files.file_names import is_hidden
from components.image_folder.files.list_images import list_images
from components.image_folder.files.listing import Listing
from components.image_folder.settings import DataSettings, LabelSettings
from components.label_map import extend_labels
from components.pusher.ledger import Ledger
from components.pusher.push_record import RECORD_FILE, production
from components.uri import is_uri
from pipeline.config import Config, parse_config
from pipeline.nodes.beam_options import check_engines
from pipeline.preparation.data_facts import data_facts
from pipeline.preparation.presets import with_preset
from pipeline.preparation.start_from import with_start
from pipeline.workspace import Workspace, known_place
from trainer.model.settings import BackboneSettings, ModelSettings
from trainer.model.weights import check_weights_file


def _say_nothing(text: str) -> None:
    """For callers with nobody to tell."""


def resolve(
    config: Config,
    images: str | None,
    workspace: Workspace,
    say: Callable[[str], None] = _say_nothing,
) -> Config:
    """Completes the configuration, and refuses in milliseconds what would fail in minutes.

    The paths become absolute, and the hashes of the weights files and of the
    model to start from are filled in, so that another file under the same
    name is never mistaken for one in a cached run. A preset is filled in, so
    that all later stages see plain settings.

    Args:
        config: as the user gave it.
        images: from the command line; comes before `data.images`.
        workspace: holds the labels that are published already.
        say: is told what was chosen for the user, in lines to print.

    Raises:
        ConfigError: no such folder, schema, weights file or model to start from, or one that is not what it
            should be; or the workspace lies among the images, or has lost the model that is in production.
        DataError: the folder cannot be classified, or a published label is gone.
        UnreachableError: no engine of Beam can be reached, where a stage needs one.
    """
    data = resolve_data(config.data, images)
    check_engines(config.beam, str(data.images))
    published = Ledger.read(workspace.model_dir(config.name))
    listing = list_images(data)
    _require_apart(workspace, listing)
    _require_baseline(workspace, config.name)
    extend_labels(published.labels, listing.labels, pinned=data.labels.file is not None)
    if config.preset is not None:
        preset = config.preset
        config, chosen = with_preset(config, data_facts(listing, data))
        say(f"Preset {preset} chose:\n{chosen.rstrip()}" if chosen else f"Preset {preset} chose nothing.")
    model = with_start(_with_weights(config.model), workspace.model_dir(config.name), say)
    resolved = config.model_copy(update={"data": data, "model": model})
    if model.start_from != config.model.start_from:
        # With nothing in production, phases have to suit a network that starts from its weights after all.
        parse_config(resolved.model_dump(mode="json"), "the configuration, when nothing is in production")
    return resolved


def _require_apart(workspace: Workspace, listing: Listing) -> None:
    """Folders of a workspace would be classes to the next run; what is hidden is passed over."""
    if is_uri(listing.root) or listing.spans or listing.layout not in ("class_folders", "split_folders"):
        return
    images, root = Path(listing.root).resolve(), workspace.root.resolve()
    if root.is_relative_to(images) and not any(map(is_hidden, root.relative_to(images).parts)):
        raise ConfigError(
            f"The workspace {workspace.root} lies among the images in {listing.root}, where its folders "
            "would be taken for classes. Choose another with --workspace."
        )


def _require_baseline(workspace: Workspace, name: str) -> None:
    """Without the artifact that was pushed, a worse model could take its place, compared with nothing."""
    current = production(workspace.model_dir(name))
    if current.record is None:
        return
    known_place(workspace.root)  # Where the workspace was moved, all is there, but in another place.
    needed = [] if workspace.metadata_elsewhere.exists() else [workspace.metadata]
    made_from = Path(current.record.model)
    gone = [path for path in (*needed, made_from) if not path.exists()]
    if gone:
        amiss = f"{gone[0]}, which tells where it comes from, is gone"
    elif _differ(made_from / KERAS_MODEL_FILE, current.folder / PUSHED_KERAS_MODEL):
        # Executions were counted from 1 again, after artifacts and metadata had been lost.
        amiss = f"{made_from}, which it comes from, holds another model now"
    else:
        return
    raise ConfigError(
        f"Nothing could be compared with {current.folder}, the model in production: {amiss}. Bring that "
        "back, or choose another --workspace, or another name with --set name=NAME. To push without a "
        f"comparison, delete {current.folder / RECORD_FILE}."
    )


def _differ(made: Path, pushed: Path) -> bool:
    """Whether two files are there that are not the same; other tools push no Keras model."""
    return made.is_file() and pushed.is_file() and not filecmp.cmp(made, pushed, shallow=False)


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
            "No images given. Name the folder with --images DIR, or just DIR for imgclf data check; "
            "or as data.images in the file."
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


def _with_weights(model: ModelSettings) -> ModelSettings:
    """Each backbone with the absolute path of its weights file, and that file's hash."""
    fused = tuple(
        each.model_copy(update=_weights_file(each, f"model.fused_with.{number}"))
        for number, each in enumerate(model.fused_with)
    )
    return model.model_copy(update={**_weights_file(model, "model"), "fused_with": fused})


def _weights_file(backbone: BackboneSettings, key: str) -> dict[str, str]:
    if backbone.weights in ("imagenet", "none") or is_uri(backbone.weights):
        return {}
    path = _absolute(Path(backbone.weights))
    if not path.is_file():
        raise ConfigError(
            f"{key}.weights: there is no file {path}. Give one with --set {key}.weights=FILE, "
            "or 'imagenet' to download them, or 'none'."
        )
    absolute = backbone.model_copy(update={"weights": str(path)})
    return {"weights": str(path), "weights_sha256": check_weights_file(path, absolute, key)}
