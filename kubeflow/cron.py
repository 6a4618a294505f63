"""Cron expressions as Kubeflow Pipelines takes them: six fields, seconds first."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from components.contract import ConfigError

_MONTHS: Final = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_WEEKDAYS: Final = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
_LONGEST: Final = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_TERM: Final = re.compile(r"(\*|\?|\w+)(?:-(\w+))?(?:/([0-9]+))?")
_SHORTHANDS: Final = {
    "@yearly": "0 0 0 1 1 *",
    "@annually": "0 0 0 1 1 *",
    "@monthly": "0 0 0 1 * *",
    "@weekly": "0 0 0 * * 0",
    "@daily": "0 0 0 * * *",
    "@midnight": "0 0 0 * * *",
    "@hourly": "0 0 * * * *",
}


@dataclass(frozen=True)
class _Field:
    name: str
    low: int
    high: int
    names: tuple[str, ...] = ()

    def number(self, text: str) -> int | None:
        """The value that a number or a name stands for; None where there is no such."""
        if text.upper() in self.names:
            return self.low + self.names.index(text.upper())
        return int(text) if text.isascii() and text.isdigit() and self.low <= int(text) <= self.high else None

    @property
    def range(self) -> str:
        """What it may be, in words."""
        named = f" or {self.names[0]} to {self.names[-1]}" if self.names else ""
        return f"{self.low} to {self.high}{named}"


_FIELDS: Final = (
    _Field("second", 0, 59),
    _Field("minute", 0, 59),
    _Field("hour", 0, 23),
    _Field("day of month", 1, 31),
    _Field("month", 1, 12, _MONTHS),
    _Field("day of week", 0, 6, _WEEKDAYS),
)


def six_fields(expression: str) -> str:
    """Brings a cron expression into the form that Kubeflow Pipelines reads.

    Given five fields, its server would take the minutes for seconds.

    Args:
        expression: the usual five fields, six of them with the seconds first,
            or a shorthand such as `@daily`.

    Returns:
        Six fields, separated by single spaces.

    Raises:
        ConfigError: not as many fields, a field that says nothing sensible, or
            a day that never comes.
    """
    fields = _SHORTHANDS.get(expression.strip().lower(), expression).split()
    if len(fields) == 5:
        fields.insert(0, "0")
    if len(fields) != 6:
        raise ConfigError(
            f"--cron {expression!r} is not of five fields (minute, hour, day of month, month, day of week), "
            "such as '0 3 * * 1', or of six with the seconds first."
        )
    values = [_values(field, text, expression) for field, text in zip(_FIELDS, fields, strict=True)]
    _, _, _, days, months, _ = values
    # Of two restricted kinds of days, either is enough.
    if fields[5] in ("*", "?") and min(days) > max(_LONGEST[month - 1] for month in months):
        raise ConfigError(f"--cron {expression!r} never comes: no such month has {min(days)} days.")
    return " ".join(fields)


def _values(field: _Field, text: str, expression: str) -> set[int]:
    """The values that a field stands for."""
    return {value for term in text.split(",") for value in _term(field, term, expression)}


def _term(field: _Field, term: str, expression: str) -> range:
    found = _TERM.fullmatch(term)
    if found is None:
        raise _wrong(field, term, expression)
    first, last, step_text = found.groups()
    step = 1 if step_text is None else int(step_text)
    if first in ("*", "?"):
        low: int | None = field.low
        high: int | None = field.high if last is None else None
    else:
        low = field.number(first)
        # `5/15` is every 15 from 5 on.
        high = field.number(last) if last is not None else low if step_text is None else field.high
    if low is None or high is None or high < low or step < 1:
        raise _wrong(field, term, expression)
    return range(low, high + 1, step)


def _wrong(field: _Field, term: str, expression: str) -> ConfigError:
    return ConfigError(
        f"--cron {expression!r}: {term!r} is no {field.name}. It goes from {field.range}, as a number, "
        "a list 1,3, a range 1-5, or with a step, such as */2."
    )
