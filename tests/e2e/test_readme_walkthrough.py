"""Every command and every snippet of the README, in the order in which a reader meets them."""

from __future__ import annotations

import shlex
import socket
from contextlib import ExitStack
from pathlib import Path

import pytest

from serving.contract import version_folders
from tests.contracts.test_readme import RUN_ELSEWHERE, commands, fenced
from tests.e2e.command_line import BIN, ROOT, run_command, serving
from tests.e2e.readers_home import readers_home


@pytest.mark.e2e
def test_the_readme_from_top_to_bottom(tmp_path: Path) -> None:
    home = readers_home(tmp_path)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    environment = {"HOME": str(home)}
    done: list[str] = []
    with ExitStack() as servers:
        for command in commands():
            words = [word.replace("8500", port) for word in shlex.split(command)]
            if command in RUN_ELSEWHERE:
                continue
            if words[0] == "export":
                environment.update(word.split("=", 1) for word in words[1:])
            elif words[0] == "source":
                assert (ROOT / words[1]).resolve().parent == BIN.resolve()
            elif words[:2] == ["imgclf", "serve"]:
                assert port in servers.enter_context(serving(*words[2:], cwd=home))
            else:
                _expect_success(words, home, environment)
            done.append(command)
            if "--server" in words:
                (client,) = fenced("python")
                _expect_success(["python", "-c", client.replace("8500", port)], home, environment)
    assert len(done) >= 10
    assert list(version_folders(home / ".imgclf" / "serving" / "photos"))[:2] == [1, 2]


def _expect_success(words: list[str], home: Path, environment: dict[str, str]) -> None:
    result = run_command(*words, cwd=home, env=environment)
    assert result.returncode == 0, f"{words}\n{result.stdout}\n{result.stderr}"
