from __future__ import annotations

import os
import re
import signal
import socket
import time
from pathlib import Path

import pytest

from components.contract import ConfigError
from pipeline.commands.serve import serve
from pipeline.workspace import Workspace
from tests.conftest import Trial
from tests.own_process import begin_apart


@pytest.fixture
def words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The command line that would take over, once it has; TensorFlow Serving is on the PATH."""
    (tmp_path / "serving" / "pets" / "1").mkdir(parents=True)
    (tmp_path / "serving" / "pets" / "1" / "saved_model.pb").touch()
    (tmp_path / "tensorflow_model_server").touch(mode=0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    taken_over: list[str] = []

    def execv(program: str, command: list[str]) -> None:
        taken_over.extend(command)
        raise SystemExit

    monkeypatch.setattr("os.execv", execv)
    return taken_over


def test_tensorflow_serving_gets_a_free_port(tmp_path: Path, words: list[str]) -> None:
    with pytest.raises(SystemExit):
        serve(Workspace(tmp_path), None, None, "127.0.0.1", 0)
    assert int(words[1].removeprefix("--port=")) > 0  # With 0 it would listen nowhere.


def test_a_port_of_connections_just_closed_is_free(tmp_path: Path, words: list[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as before:
        port = before.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)):
            before.accept()[0].close()
    with pytest.raises(SystemExit):
        serve(Workspace(tmp_path), None, None, "127.0.0.1", port)
    assert words[1] == f"--port={port}"


def test_a_busy_port_is_refused_before_tensorflow_serving_takes_over(
    tmp_path: Path, words: list[str]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(ConfigError, match=f"port {port}: Address already in use. Choose another with"):
            serve(Workspace(tmp_path), None, None, "127.0.0.1", port)
    assert words == []


@pytest.mark.parametrize("ended_by", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_in_order(ended_by: signal.Signals, trial: Trial, tmp_path: Path) -> None:
    log = tmp_path / "log"
    server = begin_apart(log, serve, trial.workspace, None, None, "::1", 0)
    while server.is_alive() and not (log.is_file() and re.search(r"Serving.*\n", log.read_text())):
        time.sleep(0.05)
    # As --server takes it.
    assert re.search(r" on \[::1\]:[1-9]\d*, gRPC", log.read_text())
    os.kill(server.pid or 0, ended_by)
    server.join(60)
    server.kill()  # As who runs the tests may ignore the signal.
    assert (server.exitcode, log.read_text().splitlines()[-1]) == (0, "Stopped.")
