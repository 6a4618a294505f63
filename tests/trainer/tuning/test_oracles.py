from __future__ import annotations

from typing import Any

import pytest

from trainer.model.settings import ModelSettings
from trainer.settings import TrainingSettings
from trainer.tunable_settings import TunableSettings, decode_values
from trainer.tuning.oracles import build_oracle
from trainer.tuning.settings import TuningSettings

SETTINGS = TunableSettings(model=ModelSettings(), training=TrainingSettings())
SPACE = {
    "training.phases.0.learning_rate": {"min": 1e-4, "max": 1e-1, "scale": "log"},
    "training.batch_size": {"min": 8, "max": 64, "step": 2, "scale": "log"},
    "model.head.dropout": {"min": 0.0, "max": 0.5, "step": 0.1},
    "training.optimizer.nesterov": {"choices": [False, True]},
    "model.head.hidden": {"choices": [[], [256]]},
}


def _proposed(
    algorithm: str, seed: int, space: dict[str, Any] = SPACE, trials: int = 6
) -> list[dict[str, Any]]:
    """The values of each trial of a search in which lower dropout is better."""
    tuning = TuningSettings.model_validate(
        {"trials": trials, "algorithm": algorithm, "objective": "loss", "space": space}
    )
    oracle = build_oracle(tuning, SETTINGS, seed)
    oracle.verbose = 0
    oracle._save_trial = oracle.save = lambda *_: None
    found = []
    while (trial := oracle.create_trial("only")).status != "STOPPED":
        values = decode_values(trial.hyperparameters.values)
        found.append(values)
        oracle.update_trial(trial.trial_id, {"loss": values.get("model.head.dropout", 0.0)})
        trial.status = "COMPLETED"
        oracle.end_trial(trial)
    return found


@pytest.mark.parametrize("algorithm", ["random", "grid", "bayesian"])
def test_each_value_lies_in_the_space_and_has_the_type_of_its_key(algorithm: str) -> None:
    proposed = _proposed(algorithm, 3)
    assert len(proposed) == 6
    for values in proposed:
        assert 1e-4 <= values["training.phases.0.learning_rate"] <= 1e-1
        assert values["training.batch_size"] in (8, 16, 32, 64)
        assert isinstance(values["training.batch_size"], int)
        assert values["model.head.dropout"] in (0.0, 0.1, 0.2, 0.3, 0.4, 0.5)
        assert values["training.optimizer.nesterov"] in (False, True)
        assert values["model.head.hidden"] in ([], [256])


@pytest.mark.parametrize("algorithm", ["random", "bayesian"])
@pytest.mark.parametrize("seed", [0, 1, 2**32 - 2])
def test_the_same_seed_gives_the_same_trials_and_another_does_not(algorithm: str, seed: int) -> None:
    first = _proposed(algorithm, seed)
    assert _proposed(algorithm, seed) == first
    assert _proposed(algorithm, seed + 1) != first


def test_the_grid_is_tried_as_a_whole_and_then_the_search_is_over() -> None:
    space = {key: SPACE[key] for key in ("training.optimizer.nesterov", "model.head.hidden")}
    assert len({str(values) for values in _proposed("grid", 0, space, trials=99)}) == 4


def test_a_short_bayesian_search_is_not_left_to_chance_altogether() -> None:
    bayesian, random = (_proposed(algorithm, 5, trials=8) for algorithm in ("bayesian", "random"))
    assert bayesian[:3] == random[:3]
    assert bayesian[3:] != random[3:]
