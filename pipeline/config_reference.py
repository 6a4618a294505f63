"""The configuration reference of the README, from the settings classes themselves.

Run `python -m pipeline.config_reference` to bring the README up to date.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, Literal, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from pipeline.config import Config
from pipeline.settings.config_keys import settings_classes
from trainer.augmentation.settings import OPS

README: Final = Path(__file__).parent.parent / "README.md"
BEGIN: Final = "<!-- config reference: begin -->"
END: Final = "<!-- config reference: end -->"


def reference() -> str:
    """Markdown: a table of every key, with its type, its default and what it means, and one of the ops."""
    keys = [f"| {' | '.join(cells)} |" for cells in _rows(Config, "", {})]
    ops = [f"| {' | '.join(_op(kind))} |" for kind in OPS.values()]
    return "\n".join(
        (
            "| key | value | default | meaning |",
            "|---|---|---|---|",
            *keys,
            "",
            "The entries of `training.augmentation.ops`, each of which takes `probability` as well: how "
            "likely it is to change an image, 1 unless given (`flip`: 0.5).",
            "",
            "| `op` | what it does | its keys, with their defaults |",
            "|---|---|---|",
            *ops,
        )
    )


def with_reference(readme: str) -> str:
    """The README's text with the reference between its two marks brought up to date."""
    before, rest = readme.split(BEGIN)
    _, after = rest.split(END)
    return f"{before}{BEGIN}\n{reference()}\n{END}{after}"


Row = tuple[str, str, str, str]


def _rows(settings: type[BaseModel], prefix: str, shown: dict[type[BaseModel], str]) -> Iterator[Row]:
    """A row for each key.

    Args:
        settings: whose keys.
        prefix: of the keys, with its dot.
        shown: settings whose keys have rows already → where; it grows.
    """
    for name, field in settings.model_fields.items():
        below = settings_classes(field.annotation)
        key, meaning = f"{prefix}{name}", field.description or ""
        if not below:
            yield f"`{key}`", _kind(field.annotation), _default(field), meaning
        elif field.get_default(call_default_factory=True) is None:
            # What can be left out as a whole has the keys of what it takes the place of.
            yield f"`{key}`", "list" if len(below) > 1 else "mapping", "unset", meaning
        elif get_origin(field.annotation) in (tuple, dict):
            filled = "see meaning" if field.get_default(call_default_factory=True) else "none"
            of_a_list = get_origin(field.annotation) is tuple
            yield f"`{key}`", "list" if of_a_list else "mapping", filled, meaning
            yield from _section(below[0], f"{key}.{'N' if of_a_list else 'KEY'}", shown)
        else:
            yield from _section(below[0], key, shown)


def _section(settings: type[BaseModel], key: str, shown: dict[type[BaseModel], str]) -> Iterator[Row]:
    """The rows of a section; a single one where another section has the same keys."""
    like = next((where for seen, where in shown.items() if issubclass(seen, settings)), None)
    if like is None:
        shown[settings] = key
        yield from _rows(settings, f"{key}.", shown)
        return
    *others, last = (f"`{name}`" for name in settings.model_fields)
    yield f"`{key}`", "mapping", "as there", f"Has {', '.join(others)} and {last}, as `{like}` has them."


def _op(settings: type[BaseModel]) -> tuple[str, str, str]:
    fields = dict(settings.model_fields)
    op = fields.pop("op")
    del fields["probability"]
    keys = (f"`{name}` {_default(field)}: {field.description}" for name, field in fields.items())
    return f"`{op.default}`", op.description or "", "<br>".join(keys)


def _kind(annotation: Any) -> str:
    if get_origin(annotation) is dict:
        return "mapping"
    for each in (annotation, *get_args(annotation)):
        if get_origin(each) is Literal:
            return ", ".join(f"`{value}`" for value in get_args(each))
    if Any in _plain(annotation):
        return "list"
    if get_origin(annotation) is tuple:
        return f"list of {_kind(get_args(annotation)[0])}s"
    kinds = {int: "whole number", float: "number", str: "text", bool: "true, false"}
    return next(kinds[kind] for kind in (annotation, *_plain(annotation)) if kind in kinds)


def _plain(annotation: Any) -> tuple[Any, ...]:
    """What a union or an annotated type is made of."""
    return tuple(inner for each in get_args(annotation) for inner in (each, *_plain(each)))


def _default(field: FieldInfo) -> str:
    value = field.get_default(call_default_factory=True)
    if value is None:
        return "unset"
    if value == ():
        return "`[]`"
    if value == "":
        return "to be given"
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


if __name__ == "__main__":
    README.write_text(with_reference(README.read_text("utf-8")), "utf-8")
