"""What `--set` may change in a single run of a compiled pipeline."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import yaml

from components.contract import ConfigError


def check_overrides(overrides: Sequence[str]) -> None:
    """Refuses what a run could not, or would not, heed.

    Whether a value fits depends on the configuration that was compiled, so that
    is left to the run.

    Args:
        overrides: `key=value`.

    Raises:
        ConfigError: no `key=value`, a key that is in no section, or one that other words decide about.
    """
    from pipeline.config import Config  # With all settings, which only some callers need otherwise.

    for override in overrides:
        key, equals, value = override.partition("=")
        if not key or not equals:
            raise ConfigError(f"--set {override}: a setting is changed with KEY=VALUE, as training.epochs=3.")
        section = key.split(".")[0]
        if section not in Config.model_fields:
            known = ", ".join(sorted(Config.model_fields))
            raise ConfigError(f"--set {override}: there is no such setting. Known: {known}.")
        if key == "data.images" or (key == "data" and "images" in (_mapping(value) or ())):
            raise ConfigError(f"--set {override}: the images of a run are named by --images, its parameter.")
        if section == "kubeflow":
            raise ConfigError(
                f"--set {override}: what stages get on the cluster is compiled in. Compile the pipeline "
                "again with this setting: `imgclf kubeflow compile`."
            )


def _mapping(value: str) -> dict[str, Any] | None:
    """The keys and values that a text is in YAML; None where it is anything else."""
    try:
        read = yaml.safe_load(value)
    except yaml.YAMLError:
        return None  # The run says what is wrong with it.
    return read if isinstance(read, dict) else None


def span_override(number: str) -> Sequence[str]:
    """The parameter `span` of a run as an override; none where it is empty.

    Raises:
        ConfigError: it is no number.
    """
    if not number:
        return ()
    if not number.isdecimal():
        raise ConfigError(f"span: expected a number, such as 7, not '{number}'.")
    return (f"data.span={int(number)}",)  # YAML would take 010 for 8.
