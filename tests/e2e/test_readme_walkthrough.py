"""Every command and every snippet of the README, in the order in which a reader meets them."""

from __future__ import annotations

import os
import shlex
import shutil
import socket
from contextlib import ExitStack
from pathlib import Path

import pytest
import yaml

from pipeline.config import parse_config
from serving.contract import model_versions
from tests.contracts.test_readme import RUN_ELSEWHERE, commands, fenced
from tests.e2e.command_line import BIN, ROOT, run_command, serving
from tests.image_files import patterned_bytes

WEIGHTS = os.environ.get("IMGCLF_TEST_WEIGHTS")
# Instead of downloaded weights and photographs, so that it works everywhere and takes seconds.
SMALL = {
    "model": {"backbone": "small_cnn", "weights": "none", "image_size": 16},
    "training": {"batch_size": 8, "phases": [{"train": "all", "epochs": 8, "learning_rate": 0.005}]},
    "evaluation": {"min_accuracy": 0.6, "max_accuracy_drop": 0.2},
}


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A folder as the README's reader has it: the project, photos, photos.yaml and weights."""
    (tmp_path / "pipeline").symlink_to(ROOT / "pipeline")
    for position, label in enumerate(("cat", "dog")):
        (tmp_path / "photos" / label).mkdir(parents=True)
        for number in range(60):
            image = patterned_bytes(position, 1000 * position + number)
            (tmp_path / "photos" / label / f"{number}.jpg").write_bytes(image)
    as_printed, *others = map(yaml.safe_load, fenced("yaml"))
    for configuration in (as_printed, *others):
        parse_config(configuration, "the README")
    (tmp_path / "photos.yaml").write_text(yaml.safe_dump({**as_printed, **SMALL}))
    if WEIGHTS:
        shutil.copy(WEIGHTS, tmp_path / "weights.h5")
    return tmp_path


@pytest.mark.e2e
def test_the_readme_from_top_to_bottom(home: Path) -> None:
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
    assert model_versions(home / ".imgclf" / "serving" / "photos")[:2] == [1, 2]


def _expect_success(words: list[str], home: Path, environment: dict[str, str]) -> None:
    result = run_command(*words, cwd=home, env=environment)
    if any("weights.h5" in word for word in words) and not WEIGHTS:
        # Without the real weights the command gets as far as looking for them.
        assert result.returncode == 2, result.stdout + result.stderr
        assert "model.weights" in result.stderr
    else:
        assert result.returncode == 0, f"{words}\n{result.stdout}\n{result.stderr}"
