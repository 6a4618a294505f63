"""From settings to KerasTuner's search algorithms."""

from __future__ import annotations

from typing import Any, Final

import keras_tuner

from trainer.tunable_settings import TunableSettings, encode_choice
from trainer.tuning.settings import DimensionSettings, TuningSettings
from trainer.tuning.space_check import number_kind

_DIRECTIONS: Final = {"accuracy": "max", "loss": "min"}


def build_oracle(tuning: TuningSettings, settings: TunableSettings, seed: int) -> keras_tuner.Oracle:
    """The algorithm that chooses the combinations.

    Args:
        tuning: algorithm, objective, trials and space.
        settings: what the values are put into; says which of them are whole numbers.
        seed: of all that it draws, 0 to 2³² - 1.
    """
    common: dict[str, Any] = {
        "objective": keras_tuner.Objective(tuning.objective, _DIRECTIONS[tuning.objective]),
        "max_trials": tuning.trials,
        "hyperparameters": _hyperparameters(tuning, settings),
        "tune_new_entries": False,
        "allow_new_entries": False,
        # KerasTuner takes 0 for no seed, and NumPy none above 2³² - 1.
        "seed": seed or 2**32 - 1,
        # It would end the search; a search goes on as long as there are combinations left.
        "max_consecutive_failed_trials": tuning.trials + 1,
    }
    if tuning.algorithm == "random":
        return keras_tuner.oracles.RandomSearchOracle(**common)
    if tuning.algorithm == "grid":
        return keras_tuner.oracles.GridSearchOracle(**common)
    return keras_tuner.oracles.BayesianOptimizationOracle(
        # KerasTuner's own three for each key would leave a short search to chance altogether.
        num_initial_points=min(3 * len(tuning.space), max(3, tuning.trials // 3)),
        **common,
    )


def _hyperparameters(tuning: TuningSettings, settings: TunableSettings) -> keras_tuner.HyperParameters:
    hyperparameters = keras_tuner.HyperParameters()
    for key, dimension in tuning.space.items():
        _declare(hyperparameters, key, dimension, whole=number_kind(settings, key) is int)
    return hyperparameters


def _declare(
    hyperparameters: keras_tuner.HyperParameters, key: str, dimension: DimensionSettings, whole: bool
) -> None:
    if dimension.choices is not None:
        hyperparameters.Choice(key, [encode_choice(choice) for choice in dimension.choices])
        return
    declare, number = (hyperparameters.Int, int) if whole else (hyperparameters.Float, float)
    assert dimension.min is not None and dimension.max is not None
    declare(
        key,
        number(dimension.min),
        number(dimension.max),
        step=None if dimension.step is None else number(dimension.step),
        sampling=dimension.scale,
    )
