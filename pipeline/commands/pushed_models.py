"""Which pushed model a command is about."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from components.contract import ConfigError
from pipeline.workspace import Workspace
from serving.contract import SAVED_MODEL_FILE, version_folders, version_number


@dataclass(frozen=True)
class PushedModel:
    """A version of a model on disk.

    Attributes:
        name: as a model server knows it.
        version: number of the version.
        path: directory of its SavedModel.
    """

    name: str
    version: int
    path: Path

    @property
    def model_dir(self) -> Path:
        """The folder that holds all versions."""
        return self.path.parent


def find_model(workspace: Workspace, name: str | None, model: Path | None) -> PushedModel:
    """Finds the newest version of a model.

    Args:
        workspace: searched where `model` is None.
        name: of the model; may be None when the workspace holds one only.
        model: folder with versions, or one version's folder.

    Raises:
        ConfigError: there is none, or more than one to choose from, or both name and folder are given.
    """
    if model is not None and name is not None:
        raise ConfigError(
            "--name chooses among the workspace's models, and --model is a folder: give one of them."
        )
    if model is not None:
        return _at(model.absolute())
    serving = workspace.model_dir("any").parent
    found = sorted(entry.name for entry in serving.glob("*") if version_folders(entry))
    if name is None and len(found) == 1:
        name = found[0]
    if name is None:
        raise ConfigError(
            f"The workspace {workspace.root} holds more than one model ({', '.join(found)}): "
            "choose with --name."
            if found
            else f"No model has been pushed in the workspace {workspace.root} yet: "
            "run imgclf run --images DIR first."
        )
    if name not in found:
        known = f"; there are: {', '.join(found)}" if found else ""
        raise ConfigError(f"No model '{name}' has been pushed in the workspace {workspace.root}{known}.")
    return _at(serving / name)


def _at(folder: Path) -> PushedModel:
    if (folder / SAVED_MODEL_FILE).is_file():
        return PushedModel(folder.parent.name, version_number(folder.name) or 0, folder)
    versions = version_folders(folder)
    if not versions:
        raise ConfigError(f"{folder} holds no SavedModel, and no numbered folder with one.")
    newest = max(versions)
    return PushedModel(folder.name, newest, versions[newest])
