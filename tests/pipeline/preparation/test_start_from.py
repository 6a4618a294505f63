from __future__ import annotations

import hashlib
import zipfile
from pathlib import Path

import pytest

from components.contract import ConfigError
from pipeline.config import Config, load_config
from pipeline.preparation.preflight import resolve
from pipeline.workspace import Workspace
from tests.image_files import write_folder
from trainer.model.saved_classifier import add_labels, saved_labels

HEAD_FIRST = ("model.weights=none", "training.phases=[{train: head, epochs: 2}]")


@pytest.fixture
def images(tmp_path: Path) -> Path:
    return write_folder(tmp_path / "images", {"a": 1, "b": 1})


def _saved(path: Path, content: str = "weights") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("model.weights.h5", content)
    add_labels(path, ("a", "ü b"))
    return path


def _version(tmp_path: Path, number: int) -> Path:
    version = tmp_path / "workspace" / "serving" / "model" / str(number)
    file = _saved(version / "assets.extra" / "model.keras", f"weights of {number}")
    (version / "saved_model.pb").touch()
    return file


def _resolve(tmp_path: Path, images: Path, *overrides: str, said: list[str] | None = None) -> Config:
    workspace = Workspace(tmp_path / "workspace")
    return resolve(load_config(None, overrides), str(images), workspace, (said or []).append)


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_production_is_the_newest_version_and_its_hash(tmp_path: Path, images: Path) -> None:
    _version(tmp_path, 9)
    newest = _version(tmp_path, 10)
    model = _resolve(tmp_path, images, "model.start_from=production").model
    assert (model.start_from, model.start_from_sha256) == (str(newest), _sha256(newest))


def test_with_nothing_in_production_it_starts_from_its_weights_and_says_so(
    tmp_path: Path, images: Path
) -> None:
    said = ["first"]
    config = _resolve(tmp_path, images, "model.start_from=production", said=said)
    assert (config.model.start_from, config.model.start_from_sha256) == (None, None)
    assert said[1] == "No model is in production yet, so this one starts from model.weights (imagenet)."


def test_phases_may_begin_with_the_head_as_long_as_there_is_a_start(tmp_path: Path, images: Path) -> None:
    with pytest.raises(ConfigError, match="when nothing is in production: model.weights is 'none'"):
        _resolve(tmp_path, images, "model.start_from=production", *HEAD_FIRST)
    _version(tmp_path, 1)
    config = _resolve(tmp_path, images, "model.start_from=production", *HEAD_FIRST)
    assert config.training.phases[0].train == "head"


def test_a_path_is_a_file_or_a_version(tmp_path: Path, images: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    file = _saved(tmp_path / "other.keras")
    model = _resolve(tmp_path, images, "model.start_from=other.keras").model
    assert (model.start_from, model.start_from_sha256) == (str(file), _sha256(file))
    version = _version(tmp_path, 3)
    model = _resolve(tmp_path, images, f"model.start_from={version.parents[1]}").model
    assert model.start_from == str(version)


def test_what_cannot_be_started_from_is_refused_before_the_run(tmp_path: Path, images: Path) -> None:
    _version(tmp_path, 3).unlink()
    (tmp_path / "text.keras").write_text("no archive")
    with zipfile.ZipFile(tmp_path / "bare.keras", "w") as archive:
        archive.writestr("config.json", "{}")
    file = _saved(tmp_path / "other.keras")
    for settings, message in (
        (("model.start_from=production",), "3 was pushed without assets.extra/model.keras"),
        ((f"model.start_from={tmp_path}/gone.keras",), "gone.keras cannot be read: No such file"),
        ((f"model.start_from={tmp_path}",), "cannot be read: Is a directory"),
        ((f"model.start_from={tmp_path}/text.keras",), "is not a model that a run has saved"),
        ((f"model.start_from={tmp_path}/bare.keras",), "is not a model that a run has saved"),
        (("model.start_from=gs://bucket/model.keras",), "is a URI"),
        (("model.start_from=~no-such-user/model.keras",), "there is no such user"),
        (
            (f"model.start_from={file}", f"model.start_from_sha256='{'0' * 64}'"),
            f"its SHA-256 is {_sha256(file)}, model.start_from_sha256 says 0000",
        ),
    ):
        with pytest.raises(ConfigError, match=message):
            _resolve(tmp_path, images, *settings)


@pytest.mark.parametrize("start", ["production", "null"])
def test_a_hash_without_a_file_to_start_from_is_refused(start: str) -> None:
    with pytest.raises(ConfigError, match="start_from_sha256 belongs to a file"):
        load_config(None, [f"model.start_from={start}", f"model.start_from_sha256='{'0' * 64}'"])


def test_labels_are_kept_in_the_file_as_they_are(tmp_path: Path) -> None:
    assert saved_labels(_saved(tmp_path / "model.keras")) == ("a", "ü b")
