"""`imgclf serve` where TensorFlow Serving is on the PATH: a program in its place says how it was started."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.command_line import ROOT


@pytest.fixture
def model(tmp_path: Path) -> Path:
    (tmp_path / "pets" / "1").mkdir(parents=True)
    (tmp_path / "pets" / "1" / "saved_model.pb").touch()
    return tmp_path / "pets"


@pytest.fixture
def path(tmp_path: Path) -> str:
    program = tmp_path / "bin" / "tensorflow_model_server"
    program.parent.mkdir()
    program.write_text('#!/bin/sh\necho "$@"\n')
    program.chmod(0o755)
    return f"{program.parent}{os.pathsep}{os.environ['PATH']}"


def _serve(model: Path, path: str, port: int) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pipeline.cli", "serve", "--model", str(model), "--port", str(port)]
    environment = {**os.environ, "PATH": path}
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


def test_port_0_is_one_that_is_free(model: Path, path: str) -> None:
    done = _serve(model, path, 0)
    told = re.search(r"on port (\d+)\. Stop", done.stdout)
    assert told is not None, done
    assert int(told[1]) > 0
    assert f"--port={told[1]} --model_name=pets --model_base_path={model}" in done.stdout


def test_a_port_that_is_taken(model: Path, path: str) -> None:
    with socket.create_server(("", 0)) as taken:
        port = taken.getsockname()[1]
        done = _serve(model, path, port)
    assert done.returncode == 2
    assert done.stderr == f"Error: Port {port} is in use. Choose another with --port.\n"


def test_a_port_whose_connections_are_only_just_closed_is_free(model: Path, path: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as before:
        port = before.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)):
            before.accept()[0].close()  # The side that closes first waits for stragglers.
    assert f"--port={port} " in _serve(model, path, port).stdout
