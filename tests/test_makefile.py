"""`make setup` on the Python that there is."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.command_line import ROOT


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """What `make setup` looks at, with a folder for its environment."""
    for name in ("Makefile", "pyproject.toml", "requirements.lock", "tests/kubeflow/manifest-checks.lock"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    return tmp_path


def _set_up(checkout: Path) -> subprocess.CompletedProcess[str]:
    # In place of uv, what does nothing and is content; and nothing from a make that the tests run in.
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))
    }
    command = ["make", "setup", f"UV={shutil.which('true')}"]
    return subprocess.run(command, cwd=checkout, env=environment, capture_output=True, text=True)


def test_an_environment_on_another_python_is_told_of(checkout: Path) -> None:
    # As Python 3.12 is: it starts, and is not what is asked for.
    python = checkout / ".venv" / "bin" / "python"
    python.write_text(f'#!/bin/sh\nexec {sys.executable} -c "import sys; sys.version_info = (3, 12); $2"\n')
    python.chmod(0o755)
    done = _set_up(checkout)
    assert done.returncode != 0
    assert ".venv is on another Python than 3.10 or 3.11: rm -r .venv, then make setup.\n" in done.stderr
    assert "Installing" not in done.stdout
    assert not (checkout / ".venv" / ".installed").exists()


def test_this_python_will_do(checkout: Path) -> None:
    (checkout / ".venv" / "bin" / "python").symlink_to(sys.executable)
    done = _set_up(checkout)
    assert (done.returncode, done.stderr) == (0, "")
    assert (checkout / ".venv" / ".installed").is_file()
