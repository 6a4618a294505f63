"""What `imgclf predict` makes of the files that it is given."""

from __future__ import annotations

import io
import json
import os
import sys
import threading
from pathlib import Path

import pytest
import tensorflow as tf

from components.contract import ConfigError, DataError
from components.image_folder.inspection.ingested_bytes import as_ingested
from pipeline.commands.predict import predict
from pipeline.workspace import Workspace
from serving.embedded_server import EmbeddedServer
from tests.conftest import Trial
from tests.image_files import image_bytes


def test_a_file_that_cannot_be_read_does_not_cost_the_answers_for_the_others(
    trial: Trial, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (good := tmp_path / "good.jpg").write_bytes(image_bytes(0, size=(64, 64)))
    (empty := tmp_path / "empty.jpg").touch()
    told = (
        rf"^3 of 4 files cannot be classified: {tmp_path}/none.jpg: No such file or directory; "
        rf"{tmp_path}: Is a directory; {empty}: the file is empty\.$"
    )
    with pytest.raises(ConfigError, match=told):
        predict([tmp_path / "none.jpg", good, tmp_path, empty], trial.workspace, None, None, None)
    assert capsys.readouterr().out.count("good.jpg") == 1


def test_files_that_cannot_be_read_are_told_before_any_model_is_looked_for(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="^1 of 1 files cannot be classified"):
        predict([tmp_path / "none.jpg"], Workspace(tmp_path), None, None, None)


def test_a_name_that_is_no_utf8_is_printed_as_escapes(
    trial: Trial, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    named = tmp_path / os.fsdecode(b"caf\xe9.jpg")
    named.write_bytes(image_bytes(0, size=(64, 64)))
    # As in most terminals; in the C locale Python lets such bytes through.
    screen = io.TextIOWrapper(io.BytesIO(), "utf-8", errors="strict")
    monkeypatch.setattr(sys, "stdout", screen)
    predict([named], trial.workspace, None, None, None)
    screen.seek(0)
    assert r"caf\xe9.jpg" in screen.read()


def test_a_pipe_is_opened_once(trial: Trial, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    os.mkfifo(pipe := tmp_path / "pipe.png")
    picture = image_bytes(0, size=(64, 64))
    writer = threading.Thread(target=pipe.write_bytes, args=(picture,), daemon=True)
    writer.start()
    predict([pipe], trial.workspace, None, None, None)
    assert str(pipe) in capsys.readouterr().out


def test_into_a_file_a_long_path_stays_in_one_line(
    trial: Trial, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (named := tmp_path / f"{'long' * 30}.png").write_bytes(image_bytes(0, size=(64, 64)))
    predict([named], trial.workspace, None, None, None)
    *_, last = capsys.readouterr().out.splitlines()
    assert last.startswith(str(named)) and last == last.rstrip()


def test_as_json_each_file_is_a_line(
    trial: Trial, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    named = [tmp_path / "one.png", tmp_path / os.fsdecode(b"caf\xe9 \n.png")]
    for path in named:
        path.write_bytes(image_bytes(0, size=(64, 64)))
    (empty := tmp_path / "empty.png").touch()
    with pytest.raises(DataError, match="^1 of 3 files cannot be classified"):
        predict([named[0], empty, named[1]], trial.workspace, None, None, None, json=True)
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line.pop("file") for line in lines] == [str(path) for path in named]
    assert lines[0] == lines[1]
    assert lines[0].keys() == {"label", "probability", "accepted"}
    assert lines[0]["label"] in {folder.name for folder in trial.images.iterdir()}
    assert 0.5 <= lines[0]["probability"] <= 1


def test_a_server_with_another_kind_of_model_is_not_the_fault_of_a_file(tmp_path: Path) -> None:
    (good := tmp_path / "good.jpg").write_bytes(image_bytes(0, size=(64, 64)))
    module = tf.Module()
    module.double = tf.function(lambda x: {"y": 2 * x}, input_signature=[tf.TensorSpec([None], name="x")])
    tf.saved_model.save(module, str(tmp_path / "numbers/1"), signatures=module.double)
    with EmbeddedServer(tmp_path / "numbers", "numbers", port=0) as server:
        with pytest.raises(ConfigError, match="refuses the request: .* takes the inputs x, got image_bytes"):
            predict([good], Workspace(tmp_path), "numbers", None, server.address)


def test_files_are_read_one_by_one(
    trial: Trial, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    paths = [tmp_path / "first.png", tmp_path / "second.png"]
    for path in paths:
        path.write_bytes(image_bytes(0, size=(64, 64)))

    def ingested(data: bytes, max_pixels: int) -> bytes:
        paths[1].unlink()
        return as_ingested(data, max_pixels)

    monkeypatch.setattr("pipeline.commands.predict.as_ingested", ingested)
    with pytest.raises(DataError, match="second.png: No such file or directory"):
        predict(paths, trial.workspace, None, None, None)
    assert "first.png" in capsys.readouterr().out
