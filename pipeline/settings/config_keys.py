"""Which keys a configuration can hold, from the settings classes themselves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, get_args, get_origin

from pydantic import BaseModel


def settings_classes(annotation: Any) -> tuple[type[BaseModel], ...]:
    """The settings classes that a value, or an entry of a list, may be; none for plain values."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return (annotation,)
    return tuple(found for each in get_args(annotation) for found in settings_classes(each))


def all_keys(settings: type[BaseModel], prefix: str = "") -> list[str]:
    """Every key below a settings class, dotted, sections before what is in them."""
    keys = []
    for name, field in settings.model_fields.items():
        keys.append(prefix + name)
        for below in settings_classes(field.annotation):
            keys += all_keys(below, f"{prefix}{name}.")
    return list(dict.fromkeys(keys))


def keys_below(settings: type[BaseModel], location: Sequence[str | int]) -> list[str]:
    """The keys that are known at a place.

    Args:
        settings: of the whole.
        location: names of keys and numbers of entries, from the outside in.
    """
    classes: tuple[type[BaseModel], ...] = (settings,)
    chosen_by_user = False
    for part in location:
        if chosen_by_user:
            chosen_by_user = False
        elif isinstance(part, str):
            fields = [each.model_fields[part] for each in classes if part in each.model_fields]
            classes = tuple(found for field in fields for found in settings_classes(field.annotation))
            chosen_by_user = any(get_origin(field.annotation) is dict for field in fields)
    return list(dict.fromkeys(name for each in classes for name in each.model_fields))
