from __future__ import annotations

import re
import subprocess
import sys
from importlib.metadata import EntryPoint
from pathlib import Path
from types import SimpleNamespace

import pytest
import typer
from typer.testing import CliRunner

from pipeline import cli
from pipeline.commands.further_commands import GROUP, further_commands

ROOT = Path(__file__).parents[3]
DECLARED = re.search(
    r'^\[project\.entry-points\."imgclf\.commands"\]\nkubeflow = "(.+)"$',
    (ROOT / "pyproject.toml").read_text("utf-8"),
    re.MULTILINE,
)


def install(monkeypatch: pytest.MonkeyPatch, *entry_points: EntryPoint) -> None:
    """Makes these the entry points of the installed imgclf."""
    installed = SimpleNamespace(entry_points=entry_points)
    monkeypatch.setattr("importlib.metadata.distribution", lambda name: {"imgclf": installed}[name])


def test_only_the_groups_entry_points_are_commands() -> None:
    ours = EntryPoint("more", "no.such.module:app", GROUP)
    assert further_commands([ours, EntryPoint("imgclf", "pipeline.cli:main", "console_scripts")]) == {
        "more": ours
    }


def test_what_pyproject_names_can_be_loaded() -> None:
    assert DECLARED is not None
    assert isinstance(EntryPoint("kubeflow", DECLARED[1], GROUP).load(), typer.Typer)


def test_the_command_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    assert DECLARED is not None
    install(monkeypatch, EntryPoint("kubeflow", DECLARED[1], GROUP))
    overview = CliRunner().invoke(cli.app, ["--help"])
    assert overview.exit_code == 0
    assert re.search(r"kubeflow +Run the pipeline on Kubeflow Pipelines", overview.output)
    below = CliRunner().invoke(cli.app, ["kubeflow", "--help"])
    assert below.exit_code == 0
    assert "imgclf kubeflow" in below.output and "unschedule" in below.output
    assert "--install-completion" not in below.output  # It would install that of all of imgclf, or none.


def test_no_command_of_ones_own_is_replaced_or_slowed_down(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, *(EntryPoint(name, "no.such.module:app", GROUP) for name in ("demo", "broken")))
    assert CliRunner().invoke(cli.app, ["demo", "--help"]).exit_code == 0
    with pytest.raises(ModuleNotFoundError):
        CliRunner().invoke(cli.app, ["broken"], catch_exceptions=False)
    unknown = CliRunner().invoke(cli.app, ["kubeflo"])
    assert unknown.exit_code == 2 and "No such command 'kubeflo'" in unknown.output


def test_help_does_not_load_kfp() -> None:
    code = (
        "import sys, importlib.metadata as m, types\n"
        f"e = m.EntryPoint('kubeflow', 'kubeflow.cli:app', {GROUP!r})\n"
        "m.distribution = lambda name: types.SimpleNamespace(entry_points=[e])\n"
        "from pipeline.cli import app\n"
        "try: app(['--help'])\n"
        "except SystemExit: pass\n"
        "assert 'kubeflow.cli' in sys.modules\n"
        "print([each for each in ('kfp', 'pydantic', 'yaml') if each in sys.modules])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.splitlines()[-1] == "[]"
