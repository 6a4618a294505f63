"""Commands that come from packages further along, which this one must not import."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final

import typer.main
from typer.core import TyperGroup

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

GROUP: Final = "imgclf.commands"


def further_commands(entry_points: Iterable[EntryPoint] | None = None) -> Mapping[str, EntryPoint]:
    """The commands that imgclf's own entry points name; none of them is loaded.

    Args:
        entry_points: where to look; None for those of the installed imgclf, because
            looking through every installed package takes a hundred times as long.
    """
    if entry_points is None:
        import importlib.metadata

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
