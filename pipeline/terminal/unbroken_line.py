"""A line of output that can be copied."""

from __future__ import annotations

from rich.console import Console
from rich.markup import escape


def print_line(console: Console, text: str) -> None:
    """Prints a text as it is, never broken into lines: paths, names and commands in it can be copied."""
    console.print(escape(text), soft_wrap=True, highlight=False)
