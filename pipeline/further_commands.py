"""Commands that come from packages further along, which this one must not import."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Iterable, Mapping
from importlib.metadata import EntryPoint
from typing import Any, Final

import typer.main
from typer.core import TyperGroup

GROUP: Final = "imgclf.commands"


def further_commands(entry_points: Iterable[EntryPoint] | None = None) -> Mapping[str, EntryPoint]:
    """The commands that imgclf's own entry points name; none of them is loaded.

    Args:
        entry_points: where to look; None for those of the installed imgclf, because
            looking through every installed package takes a hundred times as long.
    """
    if entry_points is None:
        entry_points = importlib.metadata.distribution("imgclf").entry_points
    return {each.name: each for each in entry_points if each.group == GROUP}


class CommandGroup(TyperGroup):
    """Has the entry points' commands after its own, and loads each when it is asked for."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Names of all commands."""
        own = super().list_commands(ctx)
        return [*own, *(name for name in further_commands() if name not in own)]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """A command by its name; None where there is none."""
        own = super().get_command(ctx, cmd_name)
        if own is not None:
            return own
        further = further_commands().get(cmd_name)
        if further is None:
            return None
        command = typer.main.get_command(further.load())
        command.name = cmd_name
        return command
