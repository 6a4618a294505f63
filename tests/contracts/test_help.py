"""The help of every command can be read on a terminal of 80 columns."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import typer
from typer.testing import CliRunner

from kubeflow.cli import app as kubeflow_app
from pipeline.cli import app


def _commands(group: typer.Typer, *path: str) -> Iterator[tuple[str, ...]]:
    yield path
    for command in group.registered_commands:
        assert command.callback is not None
        yield (*path, command.name or command.callback.__name__.replace("_", "-"))
    for within in group.registered_groups:
        assert within.typer_instance is not None
        yield from _commands(within.typer_instance, *path, str(within.name))


@pytest.mark.parametrize(
    "command", sorted({*_commands(app), *_commands(kubeflow_app, "kubeflow")}), ids=" ".join
)
def test_no_word_of_it_is_cut_off(command: tuple[str, ...]) -> None:
    result = CliRunner().invoke(app, [*command, "--help"], env={"COLUMNS": "80", "TERMINAL_WIDTH": "80"})
    assert result.exit_code == 0, result.output
    assert [line for line in result.output.splitlines() if "…" in line] == []
