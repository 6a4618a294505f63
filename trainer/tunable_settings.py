"""Values at dotted keys of settings. Pure Python."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import ValidationError

from components.contract import ConfigError
from components.settings import Settings
from trainer.model.settings import ModelSettings
from trainer.settings import TrainingSettings

S = TypeVar("S", bound=Settings)


class TunableSettings(Settings):
    """The sections of the configuration that can be tuned."""

    model: ModelSettings
    training: TrainingSettings


def encode_choice(value: Any) -> str:
    """A choice as KerasTuner can hold it: text, because its choices are all of one plain type."""
    return json.dumps(value)


def decode_values(hyperparameters: Mapping[str, Any]) -> dict[str, Any]:
    """What KerasTuner chose, as the configuration has it.

    Numbers are rounded to six significant digits, so that `0.1 + 0.2` reads 0.3. Trials are trained with what
    comes out here, and so is the model in the end.

    Args:
        hyperparameters: dotted key → number, or text from `encode_choice`.
    """
    return {key: _decoded(value) for key, value in hyperparameters.items()}


def with_values(settings: S, values: Mapping[str, Any]) -> S:
    """The same settings with other values at some dotted keys.

    Args:
        settings: a settings object that has these keys.
        values: dotted key → value; numbers name entries of lists.

    Raises:
        ConfigError: the settings refuse a value, or the combination; says where and why.
    """
    tree: Any = settings.model_dump(mode="json")
    for key, value in values.items():
        *parents, last = key.split(".")
        node = tree
        for part in parents:
            node = node[int(part)] if isinstance(node, list) else node[part]
        node[int(last) if isinstance(node, list) else last] = value
    try:
        return type(settings).model_validate(tree)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        what = first["msg"].removeprefix("Value error, ").replace("Input should be ", "expected ")
        raise ConfigError(f"{where}: {what}" if where else what) from error


def _decoded(value: Any) -> Any:
    if isinstance(value, str):
        return json.loads(value)
    return int(value) if isinstance(value, int) else float(f"{value:.6g}")
