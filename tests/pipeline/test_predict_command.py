"""What `imgclf predict` makes of the files that it is given."""

from __future__ import annotations

import io
import os
import sys
from pathlib import Path

import pytest

from components.contract import ConfigError
from pipeline.predict_command import predict
from pipeline.workspace import Workspace
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
    monkeypatch.setenv("COLUMNS", "300")
    predict([named], trial.workspace, None, None, None)
    screen.seek(0)
    assert r"caf\xe9.jpg" in screen.read()
