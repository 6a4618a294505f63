"""Paths of a compiled pipeline, which the pods see below a mount, as paths in a folder of this machine."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

# `--images=/imgclf/photos`, and `model.weights=/imgclf/weights.h5` among the overrides.
_NAMED: Final = re.compile(r"(-{0,2}[A-Za-z0-9_][A-Za-z0-9_.-]*=)(.*)", re.DOTALL)
_STRUCTURE: Final = ("{", "[", '"', "'")


@dataclass(frozen=True)
class VolumePaths:
    """A folder in the place of a volume.

    Attributes:
        mount: where pods see the volume; absolute, without a slash at its end.
        folder: in its place.
    """

    mount: str
    folder: Path

    def in_argument(self, argument: str) -> str:
        """An argument of a step, with each path on the volume as one in the folder.

        That is the argument as a whole, what comes after a name and `=`, and any value within JSON or YAML.
        All else stays as it is, to the letter.
        """
        if argument == self.mount or argument.startswith(f"{self.mount}/"):
            return str(self.folder) + argument[len(self.mount) :]
        if named := _NAMED.fullmatch(argument):
            return named.group(1) + self.in_argument(named.group(2))
        return self._in_structure(argument) if argument.startswith(_STRUCTURE) else argument

    def _in_structure(self, text: str) -> str:
        # JSON first: YAML takes its 1e-05 for text.
        for read, write in ((json.loads, json.dumps), (yaml.safe_load, _yaml)):
            try:
                value = read(text)
            except (ValueError, yaml.YAMLError):
                continue
            mapped = self._in_value(value)
            return text if mapped == value else write(mapped)
        return text

    def _in_value(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {key: self._in_value(each) for key, each in value.items()}
        if isinstance(value, list):
            return [self._in_value(each) for each in value]
        return self.in_argument(value) if isinstance(value, str) else value


def _yaml(value: Any) -> str:
    text: str = yaml.safe_dump(value, default_flow_style=True, allow_unicode=True, width=float("inf"))
    return text.removesuffix("...\n").strip()
