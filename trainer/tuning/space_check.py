"""Whether a space can be searched, before anything is trained. Pure Python."""

from __future__ import annotations

import contextlib
import difflib
import itertools
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, get_args

from components.contract import ConfigError
from components.settings import Settings
from trainer.tunable_settings import TunableSettings
from trainer.tuning.settings import DimensionSettings

Space = Mapping[str, DimensionSettings]

# A value may be refused on its own and taken along with others. So many combinations are looked at for it.
_COMBINATIONS: Final = 500
# Files are found and hashed once, before the pipeline starts.
_FILES: Final = ("weights", "weights_sha256", "start_from", "start_from_sha256")


def check_space(
    space: Space, settings: TunableSettings, refusal: Callable[[Mapping[str, Any]], str | None]
) -> None:
    """Looks at each key, and at both ends of each range and each choice.

    Args:
        space: dotted key → the values that it may take.
        settings: what the values are put into.
        refusal: why values at dotted keys are refused together; None when they are not.

    Raises:
        ValueError: a key that is not there or cannot be tuned, or a value that is refused whatever the other
            keys are; says which one, why and what to do.
    """
    for key, dimension in space.items():
        kind = number_kind(settings, key)
        if dimension.choices is None:
            _require_numbers(key, dimension, kind)
    for key, dimension in space.items():
        others = {other: each for other, each in space.items() if other != key}
        for value in dimension.corners:
            reason = refusal({key: value})
            if reason is not None and not _is_taken_with(key, value, others, refusal):
                raise ValueError(f"tuning.space.{key}: {value!r} is refused: {reason}")


def check_effect(space: Space, come_to: Callable[[Mapping[str, Any]], object]) -> None:
    """Refuses a key that no trial depends on: one of its values would be the best, and be trained with.

    Args:
        space: dotted key → the values that it may take; `check_space` has found nothing.
        come_to: what a trial with values at dotted keys comes to, equal for trials that are the same; raises
            a ConfigError for values that do not go together.

    Raises:
        ValueError: whatever the other keys are, all trials are the same.
    """
    for key, dimension in space.items():
        others = {other: each for other, each in space.items() if other != key}
        if len(dimension.corners) > 1 and not _matters(key, dimension.corners, others, come_to):
            raise ValueError(
                f"tuning.space.{key}: each trial would be the same whatever the value, because nothing that "
                "trials get to depends on it; raise tuning.max_epochs or training.epochs if they end before "
                "that, or leave the key out"
            )


def number_kind(settings: TunableSettings, key: str) -> type[int] | type[float] | None:
    """Whether there is a whole number at a key, or any number; None for all else.

    Args:
        settings: that have the key.
        key: dotted; numbers name entries of lists.

    Raises:
        ValueError: there is no such key (the nearest one is named), or it holds more than one value.
    """
    node: Any = settings
    annotation: Any = None
    parts = key.split(".")
    for depth, part in enumerate(parts):
        before = ".".join(parts[:depth])
        if isinstance(node, Settings):
            node, annotation = _field(node, key, parts, depth)
        elif isinstance(node, tuple):
            if not part.isdecimal() or int(part) >= len(node):
                raise ValueError(f"tuning.space: there is no {key}: {before} has {len(node)} entries, from 0")
            node, annotation = node[int(part)], get_args(annotation)[0]
        elif node is None:
            raise ValueError(f"tuning.space: there is no {key} while {before} is not set; set it first")
        else:
            raise ValueError(f"tuning.space: there is no {key}: {before} has no keys below it")
    if isinstance(node, Settings) or (isinstance(node, tuple) and any(isinstance(v, Settings) for v in node)):
        raise ValueError(f"tuning.space: {key} is a section of several keys; name one that is below it")
    if parts[-1] in _FILES:
        raise ValueError(f"tuning.space: {key} names a file, which is not a number or a choice; leave it out")
    plain = set(_plain(annotation))
    if float in plain:
        return float
    return int if int in plain else None


def _field(node: Settings, key: str, parts: list[str], depth: int) -> tuple[Any, Any]:
    fields = type(node).model_fields
    part = parts[depth]
    if part in fields:
        return getattr(node, part), fields[part].annotation
    nearest = difflib.get_close_matches(part, fields, n=1, cutoff=0.6)
    if nearest:
        advice = f"did you mean '{'.'.join([*parts[:depth], nearest[0], *parts[depth + 1 :]])}'?"
    elif depth == 0:
        advice = "only keys of model and training can be tuned"
    else:
        advice = f"known there: {', '.join(fields)}"
    raise ValueError(f"tuning.space: there is no {key} to tune; {advice}")


def _plain(annotation: Any) -> Iterable[Any]:
    """What may stand at a key itself: a union's members, but not the entries of a list."""
    if isinstance(annotation, type):
        yield annotation
    elif getattr(annotation, "__origin__", None) is not tuple:
        for each in get_args(annotation):
            yield from _plain(each)


def _require_numbers(key: str, dimension: DimensionSettings, kind: type[int] | type[float] | None) -> None:
    if kind is None:
        raise ValueError(f"tuning.space.{key}: there is no number at this key; give choices, not min and max")
    for name in ("min", "max", "step"):
        value = getattr(dimension, name)
        if kind is int and value is not None and not value.is_integer():
            raise ValueError(
                f"tuning.space.{key}.{name}: {value:g} is not whole, and this key takes no other"
            )


def _matters(
    key: str,
    values: Iterable[Any],
    others: Space,
    come_to: Callable[[Mapping[str, Any]], object],
) -> bool:
    """Whether two values come to different trials, or no two of them ever go with the same other values."""
    compared = False
    for number, together in enumerate(itertools.product(*(each.corners for each in others.values()))):
        if number == _COMBINATIONS:
            return True
        outcomes: list[object] = []
        for value in values:
            with contextlib.suppress(ConfigError):
                outcomes.append(come_to({key: value, **dict(zip(others, together, strict=True))}))
        if any(each != outcomes[0] for each in outcomes):
            return True
        compared = compared or len(outcomes) > 1
    return not compared


def _is_taken_with(
    key: str, value: Any, others: Space, refusal: Callable[[Mapping[str, Any]], str | None]
) -> bool:
    together = itertools.product(*(each.corners for each in others.values()))
    # Nothing is known of a space that is larger than what was looked at; its trials will tell.
    for number, values in enumerate(together):
        if number == _COMBINATIONS:
            return True
        if refusal({key: value, **dict(zip(others, values, strict=True))}) is None:
            return True
    return False
