"""Runs the installed commands as a user would, in processes of their own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent


def user_environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment of a shell in which the virtual environment is active."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    return {**inherited, "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}", **(extra or {})}


def run_command(
    *words: str | Path, cwd: Path = ROOT, env: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Runs a command with the virtual environment first on the PATH; never raises for its exit code."""
    return subprocess.run(
        [str(word) for word in words],
        cwd=cwd,
        env=user_environment(env),
        capture_output=True,
        text=True,
        timeout=550,
        check=False,
    )


def imgclf(*words: str | Path, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    """Runs `imgclf` with these words."""
    return run_command(BIN / "imgclf", *words, cwd=cwd)


@contextmanager
def serving(*words: str | Path, cwd: Path = ROOT) -> Iterator[str]:
    """Runs `imgclf serve …` until the block ends; yields the line with which it says that it is ready."""
    command = [str(word) for word in (BIN / "imgclf", "serve", *words)]
    with subprocess.Popen(
        command, cwd=cwd, env=user_environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        try:
            assert process.stdout is not None
            yield process.stdout.readline()
        finally:
            process.terminate()
