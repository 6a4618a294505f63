"""The README says what is so: its reference is current, and every command in it is run by a test."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from pipeline.config_reference import README, with_reference
from tests.e2e.command_line import ROOT

# Commands that are run elsewhere, and the file that runs them.
RUN_ELSEWHERE = {
    "make run": "tests/e2e/test_digits.py",
    "make test": ".ci/run",
    **dict.fromkeys(
        (
            "imgclf kubeflow compile --config photos.yaml --output photos-pipeline.yaml",
            "imgclf kubeflow run-local photos-pipeline.yaml --images photos --volume photos-volume",
        ),
        "tests/e2e/test_readme_kubeflow.py",
    ),
    "imgclf run --images photos --config pipeline/configs/cats-dogs.yaml --set model.weights=weights.h5": (
        "tests/e2e/test_cats_dogs.py"
    ),
    **dict.fromkeys(
        (
            "imgclf kubeflow submit photos-pipeline.yaml --wait",
            "imgclf kubeflow schedule photos-pipeline.yaml --cron '0 3 * * 1' --name weekly",
            "imgclf kubeflow runs",
            "imgclf kubeflow unschedule weekly",
        ),
        "tests/kubeflow/test_cli.py",
    ),
}
TEXT = README.read_text("utf-8")


def fenced(language: str, text: str = TEXT) -> list[str]:
    """The contents of the fenced blocks of a language."""
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


def commands(text: str = TEXT) -> list[str]:
    """Every command line of the README, without comments, in order."""
    lines = [line for block in fenced("bash", text) for line in block.splitlines()]
    return [shlex.join(words) for line in lines if (words := shlex.split(line, comments=True))]


def commands_run_by(path: str) -> list[str]:
    """The README's commands that this file of the repository runs, in order."""
    return [command for command in commands() if RUN_ELSEWHERE.get(command) == path]


def test_the_config_reference_is_current() -> None:
    assert with_reference(TEXT) == TEXT, "run python -m pipeline.config_reference"


@pytest.mark.parametrize("command", RUN_ELSEWHERE)
def test_commands_run_elsewhere_are_run_there(command: str) -> None:
    assert command in commands()
    source = (ROOT / RUN_ELSEWHERE[command]).read_text()
    assert (
        command in source
        or f'commands_run_by("{RUN_ELSEWHERE[command]}")' in source
        or all(f'"{word}"' in source for word in command.split())
    )


def test_files_the_readme_links_to_exist() -> None:
    for target in re.findall(r"\]\((?!https?:)([^)#]+)\)", TEXT):
        assert (ROOT / target).exists(), target
    for path in re.findall(r"(pipeline/[\w/.-]+\.\w+)", TEXT):
        assert (ROOT / path).exists(), path


def test_no_paths_of_one_machine_and_no_registry() -> None:
    hosts = ("py" + "pi.org", "python" + "hosted")
    for path in (*ROOT.glob("*.md"), ROOT / "pyproject.toml", ROOT / "requirements.lock", ROOT / "Makefile"):
        text = path.read_text("utf-8")
        assert not any(host in text for host in hosts), path
        assert not re.search(r"(?<![\w.])/(home|root|work)/", text), path


def test_every_other_page_is_there() -> None:
    for name in ("LICENSE", "CONTRIBUTING.md", "CHANGELOG.md"):
        assert Path(ROOT, name).stat().st_size > 200
