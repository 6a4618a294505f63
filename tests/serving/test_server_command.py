from __future__ import annotations

from pathlib import Path

import pytest

from serving.server_command import find_tensorflow_serving, tensorflow_serving_command


def test_no_tensorflow_serving_on_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_tensorflow_serving() is None


def test_tensorflow_serving_on_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    executable = tmp_path / "tensorflow_model_server"
    executable.touch(mode=0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    assert find_tensorflow_serving() == str(executable)
    assert tensorflow_serving_command(str(executable), "serving/digits", "digits", 8501) == [
        str(executable),
        "--port=8501",
        "--model_name=digits",
        f"--model_base_path={tmp_path}/serving/digits",
    ]
