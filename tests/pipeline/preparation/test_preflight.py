from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

import pytest
from google.protobuf import text_format

from components.contract import KERAS_MODEL_FILE, PUSHED_KERAS_MODEL, ConfigError, DataError
from components.example_schema.schema_rule import contract_schema
from components.pusher.ledger import Ledger
from components.pusher.push_record import RECORD_FILE, PushRecord
from pipeline.config import Config, load_config
from pipeline.preparation.preflight import resolve
from pipeline.workspace import Workspace, exclusive_use, open_workspace
from tests.image_files import write_folder

WEIGHTS = b"\x89HDF\r\n\x1a\nand so on"


@pytest.fixture
def images(tmp_path: Path) -> Path:
    return write_folder(tmp_path / "images", {"a": 1, "b": 1})


def _resolve(tmp_path: Path, images: Path | None, *overrides: str) -> Config:
    return resolve(
        load_config(None, overrides),
        None if images is None else str(images),
        Workspace(tmp_path / "workspace"),
    )


def test_paths_become_absolute_and_the_hash_is_filled_in(
    tmp_path: Path, images: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "w.h5").write_bytes(WEIGHTS)
    monkeypatch.chdir(tmp_path)
    fused = "model.fused_with=[{backbone: vgg16, weights: w.h5}, {backbone: xception}]"
    config = _resolve(tmp_path, Path("images"), "model.weights=w.h5", fused)
    assert config.data.images == str(images)
    assert config.model.weights == str(tmp_path / "w.h5")
    digest = hashlib.sha256(WEIGHTS).hexdigest()
    assert config.model.weights_sha256 == digest
    told = [(each.weights, each.weights_sha256) for each in config.model.fused_with]
    assert told == [(str(tmp_path / "w.h5"), digest), ("imagenet", None)]
    assert not (tmp_path / "workspace").exists()


def test_images_on_the_command_line_come_before_the_file(tmp_path: Path, images: Path) -> None:
    config = _resolve(tmp_path, images, "data.images=/nowhere")
    assert config.data.images == str(images)


def test_images_have_to_be_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="No images given"):
        _resolve(tmp_path, None)


@pytest.mark.parametrize("where", ["", "a", "workspace", "a/b/workspace"])
def test_a_workspace_among_the_images(images: Path, where: str) -> None:
    with pytest.raises(ConfigError, match="lies among the images"):
        resolve(Config(), str(images), Workspace(images / where))


def test_a_workspace_beside_the_images_or_hidden_among_them(tmp_path: Path, images: Path) -> None:
    for apart in (tmp_path, tmp_path / "images-2", images / ".imgclf", images / ".hidden" / "workspace"):
        assert resolve(Config(), str(images), Workspace(apart)).data.images == str(images)
    (tmp_path / "link").symlink_to(images)
    with pytest.raises(ConfigError, match="lies among the images"):
        resolve(Config(), str(tmp_path / "link"), Workspace(images / "workspace"))
    (images / "manifest.csv").write_text("path,label\na/0000.jpeg,a\nb/0000.jpeg,b\n")
    resolve(Config(), str(images / "manifest.csv"), Workspace(images / "workspace"))
    write_folder(tmp_path / "spans" / "span-1", {"a": 1, "b": 1})
    resolve(Config(), str(tmp_path / "spans" / "span-{SPAN}"), Workspace(tmp_path / "spans" / "workspace"))


def test_what_is_in_production_is_not_replaced_without_what_it_came_from(
    tmp_path: Path, images: Path
) -> None:
    workspace = Workspace(tmp_path / "workspace")
    version, artifact = workspace.model_dir(Config().name) / "1", tmp_path / "artifact"
    version.mkdir(parents=True)
    (version / "saved_model.pb").touch()
    resolve(Config(), str(images), workspace)  # Another tool pushed it.
    PushRecord(str(artifact)).write(version)
    artifact.mkdir()
    with pytest.raises(
        ConfigError, match="metadata.sqlite, which tells where it comes from, is gone.*--set name=NAME"
    ):
        resolve(Config(), str(images), workspace)
    resolve(load_config(None, ["name=another"]), str(images), workspace)
    workspace.metadata.touch()
    resolve(Config(), str(images), workspace)
    (artifact / KERAS_MODEL_FILE).write_bytes(b"weights")
    resolve(Config(), str(images), workspace)  # Its Keras model went no further.
    (version / PUSHED_KERAS_MODEL).write_bytes(b"weights")
    resolve(Config(), str(images), workspace)
    (artifact / KERAS_MODEL_FILE).write_bytes(b"weigths")
    with pytest.raises(ConfigError, match=f"{artifact}, which it comes from, holds another model now"):
        resolve(Config(), str(images), workspace)
    version.rename(version.parent / "0001")  # A version all the same, to TensorFlow Serving as well.
    with pytest.raises(ConfigError, match="/0001, the model in production: .* holds another model now"):
        resolve(Config(), str(images), workspace)
    (version.parent / "0001").rename(version)
    shutil.rmtree(artifact)
    with pytest.raises(ConfigError, match=f"{artifact}, which tells where it comes from, is gone"):
        resolve(Config(), str(images), workspace)
    (version / RECORD_FILE).unlink()
    resolve(Config(), str(images), workspace)


def test_a_weights_file_that_is_missing_or_another(tmp_path: Path, images: Path) -> None:
    with pytest.raises(ConfigError, match=r"there is no file .*w\.h5"):
        _resolve(tmp_path, images, f"model.weights={tmp_path}/w.h5")
    with pytest.raises(ConfigError, match=r"model.fused_with.0.weights: there is no file"):
        _resolve(tmp_path, images, "model.fused_with=[{weights: gone.h5}]")
    (tmp_path / "w.h5").write_bytes(WEIGHTS)
    actual = hashlib.sha256(WEIGHTS).hexdigest()
    with pytest.raises(ConfigError, match=f"its SHA-256 is {actual}, model.weights_sha256 says {'0' * 64}"):
        _resolve(tmp_path, images, f"model.weights={tmp_path}/w.h5", f"model.weights_sha256='{'0' * 64}'")


def test_a_curated_schema_is_read_before_the_run(
    tmp_path: Path, images: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(
        ConfigError, match=f"data.schema_file: {tmp_path}/s.pbtxt cannot be read: No such file"
    ):
        _resolve(tmp_path, images, "data.schema_file=s.pbtxt")
    file = tmp_path / "s.pbtxt"
    file.write_text('feature { name: "x" }')
    with pytest.raises(ConfigError, match="it has no feature 'image/encoded'"):
        _resolve(tmp_path, images, "data.schema_file=s.pbtxt")
    file.write_text(text_format.MessageToString(contract_schema(["a", "b"])))
    assert _resolve(tmp_path, images, "data.schema_file=s.pbtxt").data.schema_file == str(file)


def test_one_run_at_a_time(tmp_path: Path) -> None:
    workspace = open_workspace(tmp_path / "w")
    with exclusive_use(workspace), pytest.raises(ConfigError, match=r"Another run \(process \d+\)"):
        with exclusive_use(workspace):
            pass
    with exclusive_use(workspace):
        pass


def test_a_workspace_that_cannot_be_written_to(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError, match="cannot be written to"):
        open_workspace(tmp_path / "file" / "workspace")


def test_a_workspace_that_tfx_would_take_for_a_pattern(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="takes for a pattern"):
        open_workspace(tmp_path / "w [1]")
    assert not list(tmp_path.iterdir())


def test_a_workspace_whose_path_is_no_utf_8(tmp_path: Path) -> None:
    with pytest.raises(
        ConfigError, match=r"The workspace '.*\\udcff' has bytes in its path that are not UTF-8"
    ):
        open_workspace(tmp_path / "w\udcff")
    assert not list(tmp_path.iterdir())


def test_a_workspace_is_noted_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def killed(self: Path, target: Path) -> Path:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(Path, "replace", killed)
        with pytest.raises(KeyboardInterrupt):
            open_workspace(tmp_path / "w")
    open_workspace(tmp_path / "w")
    open_workspace(tmp_path / "w")


def test_a_workspace_that_was_moved(tmp_path: Path) -> None:
    open_workspace(tmp_path / "before")
    open_workspace(tmp_path / "before")
    (tmp_path / "before").rename(tmp_path / "after")
    with pytest.raises(ConfigError, match=f"was moved here from {tmp_path}/before"):
        open_workspace(tmp_path / "after")
    (tmp_path / "after" / ".location").write_bytes(b"/\xff")
    with pytest.raises(ConfigError, match="was moved here from /"):
        open_workspace(tmp_path / "after")


def test_a_model_in_production_is_not_missed_where_its_workspace_was_moved(
    tmp_path: Path, images: Path
) -> None:
    workspace = open_workspace(tmp_path / "before")
    version, artifact = workspace.model_dir(Config().name) / "1", workspace.artifacts / "model"
    version.mkdir(parents=True)
    artifact.mkdir(parents=True)
    (version / "saved_model.pb").touch()
    PushRecord(str(artifact)).write(version)
    workspace.metadata.touch()
    resolve(Config(), str(images), workspace)
    (tmp_path / "before").rename(tmp_path / "after")
    with pytest.raises(ConfigError, match=f"was moved here from {tmp_path}/before"):
        resolve(Config(), str(images), Workspace(tmp_path / "after"))


def test_a_workspace_that_is_named_in_another_way_was_not_moved(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    first = open_workspace(Path("../w"))
    (tmp_path / "link").symlink_to(tmp_path / "w")
    for name in (tmp_path / "w", tmp_path / "link", Path("../w")):
        assert open_workspace(name) == first


def test_a_home_that_nobody_has(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="there is no such user"):
        _resolve(tmp_path, Path("~no-such-user/images"))


@pytest.mark.parametrize(("name", "content"), [("w.h5", b"\x80\x04pickle"), ("w.keras", b"PK\x03\x04")])
def test_weights_that_might_run_something_are_not_even_opened(
    tmp_path: Path, images: Path, name: str, content: bytes
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ConfigError, match="is not an HDF5 file"):
        _resolve(tmp_path, images, f"model.weights={tmp_path / name}")


def test_a_hash_without_a_file_is_refused(tmp_path: Path, images: Path) -> None:
    digest = f"model.weights_sha256='{'0' * 64}'"
    with pytest.raises(ConfigError, match="weights is 'imagenet'; leave it out"):
        _resolve(tmp_path, images, digest)


def test_labels_that_were_published_may_not_vanish(tmp_path: Path, images: Path) -> None:
    model_dir = tmp_path / "workspace" / "serving" / "model"
    model_dir.mkdir(parents=True)
    Ledger(1, ("a", "b", "c")).write(model_dir)
    with pytest.raises(DataError, match="published label 'c'"):
        _resolve(tmp_path, images)


def test_a_label_file_keeps_the_published_ids(tmp_path: Path, images: Path) -> None:
    model_dir = tmp_path / "workspace" / "serving" / "model"
    model_dir.mkdir(parents=True)
    Ledger(1, ("b", "a")).write(model_dir)
    _resolve(tmp_path, images)  # Without a file, the published order stands.
    (tmp_path / "labels.txt").write_text("a\nb\n")
    with pytest.raises(DataError, match="gives other ids than are published"):
        _resolve(tmp_path, images, f"data.labels.file={tmp_path / 'labels.txt'}")
