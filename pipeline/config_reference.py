"""The configuration reference of the README, from the settings classes themselves.

Run `python -m pipeline.config_reference` to bring the README up to date.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, Literal, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from pipeline.config import Config, settings_class

README: Final = Path(__file__).parent.parent / "README.md"
BEGIN: Final = "<!-- config reference: begin -->"
END: Final = "<!-- config reference: end -->"


def reference() -> str:
    """Markdown: a table of every key, with its type, its default and what it means."""
    lines = ["| key | value | default | meaning |", "|---|---|---|---|"]
    lines += [f"| {' | '.join(cells)} |" for cells in _rows(Config, "")]
    return "\n".join(lines)


def with_reference(readme: str) -> str:
    """The README's text with the reference between its two marks brought up to date."""
    before, rest = readme.split(BEGIN)
    _, after = rest.split(END)
    return f"{before}{BEGIN}\n{reference()}\n{END}{after}"


def _rows(settings: type[BaseModel], prefix: str) -> Iterator[tuple[str, str, str, str]]:
    for name, field in settings.model_fields.items():
        below = settings_class(field.annotation)
        if below is None:
            yield f"`{prefix}{name}`", _kind(field.annotation), _default(field), field.description or ""
        elif get_origin(field.annotation) is tuple:
            yield f"`{prefix}{name}`", "list", "see below", field.description or ""
            yield from _rows(below, f"{prefix}{name}.N.")
        else:
            yield from _rows(below, f"{prefix}{name}.")


def _kind(annotation: Any) -> str:
    if get_origin(annotation) is Literal:
        return ", ".join(f"`{value}`" for value in get_args(annotation))
    kinds = {int: "whole number", float: "number", str: "text", bool: "true, false"}
    return next(kinds[kind] for kind in (annotation, *get_args(annotation)) if kind in kinds)


def _default(field: FieldInfo) -> str:
    value = field.get_default(call_default_factory=True)
    if value is None:
        return "unset"
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


if __name__ == "__main__":
    README.write_text(with_reference(README.read_text("utf-8")), "utf-8")
