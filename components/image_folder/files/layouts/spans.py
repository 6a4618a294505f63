"""`{SPAN}` in a path: numbered folders, of which the newest few are used."""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass
from typing import Final

from components.contract import ConfigError
from components.image_folder.files.image_store import ImageStore
from components.image_folder.files.layouts.name_rule import scan_top
from components.image_folder.files.open_store import open_store
from components.image_folder.settings import DataSettings
from components.uri import is_uri

SPAN: Final = "{SPAN}"


@dataclass(frozen=True)
class SpanPattern:
    """A path with `{SPAN}` in it, taken apart.

    Attributes:
        root: what comes before the component with `{SPAN}`.
        component: that component.
        rest: what comes after it; may be empty.
    """

    root: str
    component: str
    rest: str

    @staticmethod
    def parse(images: str) -> SpanPattern:
        """Takes `data.images` apart.

        Raises:
            ConfigError: `{SPAN}` more than once, or where nothing can be listed.
        """
        if images.count(SPAN) > 1:
            raise ConfigError(f"data.images: {images} holds {SPAN} more than once. Leave one.")
        before, after = images.split(SPAN)
        root, slash, prefix = before.rpartition("/")
        suffix, _, rest = after.partition("/")
        if is_uri(images) and root.endswith(":/"):
            raise ConfigError(f"data.images: {images} holds {SPAN} where no folder can be listed.")
        return SpanPattern(root or slash or ".", f"{prefix}{SPAN}{suffix}", rest.rstrip("/"))

    def place(self, name: str) -> str:
        """The path, below the root, of what is listed for the span of this name."""
        return posixpath.join(name, self.rest) if self.rest else name


def find_spans(settings: DataSettings, pattern: SpanPattern) -> tuple[ImageStore, dict[int, str]]:
    """The store, and the spans to use: number → place in it, oldest first.

    Raises:
        ConfigError: there are none, or two of the same number.
    """
    store = open_store(pattern.root)
    prefix, suffix = (re.escape(part) for part in pattern.component.split(SPAN))
    number_in = re.compile(rf"{prefix}([0-9]+){suffix}")
    names: dict[int, str] = {}
    for item in scan_top(store, ""):
        match = number_in.fullmatch(item.name)
        if match is None:
            continue
        number = int(match[1])
        if number in names:
            raise ConfigError(
                f"'{names[number]}' and '{item.name}' in {store.root} are both span {number}. Rename one."
            )
        names[number] = item.name
    if not names:
        raise ConfigError(
            f"There is no {pattern.component} in {store.root}, with a number for {SPAN}. Check data.images."
        )
    newest = settings.span if settings.span is not None else max(names)
    if newest not in names:
        raise ConfigError(
            f"data.span: there is no span {newest} in {store.root}; the newest is {max(names)}."
        )
    used = sorted(number for number in names if number <= newest)[-settings.window :]
    return store, {number: pattern.place(names[number]) for number in used}
