from __future__ import annotations

from pathlib import Path

import pytest

from components.contract import ConfigError
from pipeline.commands.pushed_models import find_model
from pipeline.workspace import Workspace


def _push(workspace: Path, name: str, *versions: int) -> None:
    for version in versions:
        folder = workspace / "serving" / name / str(version)
        folder.mkdir(parents=True)
        (folder / "saved_model.pb").touch()


def test_the_newest_version_of_the_only_model(tmp_path: Path) -> None:
    _push(tmp_path, "pets", 1, 2, 10)
    found = find_model(Workspace(tmp_path), None, None)
    assert (found.name, found.version, found.path) == ("pets", 10, tmp_path / "serving" / "pets" / "10")
    assert found.model_dir == tmp_path / "serving" / "pets"
    with pytest.raises(ConfigError, match="No model 'boats' has been pushed.*there are: pets"):
        find_model(Workspace(tmp_path), "boats", None)


def test_what_holds_no_version_is_no_model(tmp_path: Path) -> None:
    _push(tmp_path, "pets", 1)
    (tmp_path / "serving" / "cars").mkdir()  # All of its versions were taken back.
    (tmp_path / "serving" / ".pets.lock").touch()
    assert find_model(Workspace(tmp_path), None, None).name == "pets"


def test_several_models_have_to_be_told_apart(tmp_path: Path) -> None:
    _push(tmp_path, "pets", 1)
    _push(tmp_path, "cars", 3)
    with pytest.raises(ConfigError, match=r"more than one model \(cars, pets\): choose with --name"):
        find_model(Workspace(tmp_path), None, None)
    assert find_model(Workspace(tmp_path), "cars", None).version == 3
    with pytest.raises(ConfigError, match="No model 'boats' has been pushed.*there are: cars, pets"):
        find_model(Workspace(tmp_path), "boats", None)


def test_a_folder_of_versions_or_one_version(tmp_path: Path) -> None:
    _push(tmp_path, "pets", 4, 5)
    models = tmp_path / "serving" / "pets"
    assert find_model(Workspace(tmp_path / "none"), None, models).version == 5
    assert find_model(Workspace(tmp_path / "none"), None, models / "4").version == 4
    with pytest.raises(ConfigError, match="give one of them"):
        find_model(Workspace(tmp_path), "cars", models)
    with pytest.raises(ConfigError, match="holds no SavedModel"):
        find_model(Workspace(tmp_path / "none"), None, tmp_path)


def test_zeros_before_a_version_as_tensorflow_serving_takes_them(tmp_path: Path) -> None:
    _push(tmp_path, "pets", 9)
    models = tmp_path / "serving" / "pets"
    newest = (models / "9").rename(models / "0010")
    _push(tmp_path, "pets", 9)
    for found in (find_model(Workspace(tmp_path), None, None), find_model(Workspace(tmp_path), None, models)):
        assert (found.version, found.path, found.model_dir) == (10, newest, models)


def test_nothing_pushed_yet(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="No model has been pushed"):
        find_model(Workspace(tmp_path), None, None)
