"""What the Tuner found, and the configuration that has it filled in."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from tfx.types import artifact_utils

from components.contract import ConfigError
from pipeline.config import Config, config_yaml
from pipeline.output_capture import log_traceback
from pipeline.results.outcome import Artifacts
from pipeline.results.summary import Tuned
from trainer.tunable_settings import decode_values, with_values

BEST_CONFIG: Final = "best.yaml"
# TFX's Tuner names them so.
_HYPERPARAMETERS: Final = "best_hyperparameters.txt"
_RESULTS: Final = "tuner_results.json"


def write_best_config(config: Config, artifacts: Mapping[str, Artifacts], run_dir: Path) -> Tuned | None:
    """Writes `best.yaml`, when the run has tuned.

    A file that cannot be written is no reason to call a run a failure: the log has the traceback.

    Args:
        config: of the run.
        artifacts: node id → output key → artifacts, of the stages that succeeded.
        run_dir: where the file goes.

    Returns:
        What the Tuner found; None when it was not in the run or did not succeed, or there is no file.
    """
    found = artifacts.get("Tuner")
    if found is None:
        return None
    hyperparameters = _read(found, "best_hyperparameters", _HYPERPARAMETERS)
    results = _read(found, "tuner_results", _RESULTS)
    values = decode_values(hyperparameters["values"])
    path = run_dir / BEST_CONFIG
    try:
        path.write_text(best_config(config, values), "utf-8")
    except (OSError, ConfigError):
        log_traceback()
        return None
    return Tuned(
        values=values,
        objective=config.tuning.objective,
        score=results[0]["score"],
        trials=len(results),
        config=str(path),
    )


def best_config(config: Config, values: Mapping[str, Any]) -> str:
    """YAML of the whole configuration with other values at some dotted keys, and nothing left to tune.

    The space goes too: a key whose value has become a section of several keys could not be searched any more.

    Raises:
        ConfigError: the configuration refuses the values together.
    """
    tuning = config.tuning.model_copy(update={"trials": 0, "space": {}})
    return config_yaml(with_values(config.model_copy(update={"tuning": tuning}), values))


def _read(artifacts: Artifacts, key: str, file: str) -> Any:
    uri = artifact_utils.get_single_uri(list(artifacts[key]))
    return json.loads((Path(uri) / file).read_text("utf-8"))
