"""The README's way to run the compiled pipeline without a cluster: each step a process of its own."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import pytest

from serving.contract import version_folders
from tests.contracts.test_readme import commands_run_by
from tests.e2e.command_line import run_command
from tests.e2e.readers_home import readers_home


@pytest.mark.e2e
def test_the_readmes_pipeline_is_compiled_and_run_here(tmp_path: Path) -> None:
    home = readers_home(tmp_path)
    shown = [shlex.split(command) for command in commands_run_by("tests/e2e/test_readme_kubeflow.py")]
    assert [words[2] for words in shown] == ["compile", "run-local"]
    for words in shown:
        done = run_command(*words, cwd=home, env={"HOME": str(home)})
        assert done.returncode == 0, f"{words}\n{done.stdout}\n{done.stderr}"
    volume = home / "photos-volume"
    (summary,) = volume.glob("runs/*/summary.json")
    assert json.loads(summary.read_text())["status"] == "pushed"
    assert list(version_folders(volume / "serving" / "photos")) == [1]
    # There was no database to keep it in.
    assert (volume / "metadata.sqlite").is_file()
