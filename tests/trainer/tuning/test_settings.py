from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from components.contract import ConfigError
from pipeline.config import Config, load_config

FULL = """
tuning:
  trials: 20
  space:
    training.phases.0.learning_rate: {min: 1.0e-4, max: 1.0e-1, scale: log}
    model.head.dropout: {min: 0.0, max: 0.5, step: 0.1}
    training.optimizer.name: {choices: [sgd, adam, adamw]}
    model.head.hidden: {choices: [[], [256]]}
"""


def _load(**tuning: Any) -> Config:
    return load_config(None, [f"tuning={tuning!r}".replace("None", "null").replace("'", '"')])


def test_a_space_over_all_kinds_of_keys_is_taken(tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    path.write_text(FULL)
    tuning = load_config(path).tuning
    assert (tuning.trials, tuning.algorithm, tuning.objective) == (20, "bayesian", "accuracy")
    assert tuning.space["model.head.hidden"].choices == ([], [256])
    assert tuning.space["training.phases.0.learning_rate"].scale == "log"


@pytest.mark.parametrize(
    ("key", "dimension", "message"),
    [
        (
            "training.phases.0.learning_rat",
            {"min": 1, "max": 2},
            "did you mean 'training.phases.0.learning_rate'?",
        ),
        ("modle.head.dropout", {"min": 0, "max": 0.5}, "did you mean 'model.head.dropout'?"),
        ("data.splits.train", {"min": 0.5, "max": 0.8}, "only keys of model and training can be tuned"),
        ("model.head.zzz", {"choices": [1]}, "known there: pooling, attention, hidden"),
        ("training.phases.2.epochs", {"choices": [1]}, "training.phases has 2 entries, from 0"),
        ("training.phases.0.schedule.name", {"choices": ["step"]}, "training.phases.0.schedule is not set"),
        ("training.batch_size.images", {"choices": [1]}, "training.batch_size has no keys below it"),
        ("training.optimizer", {"choices": [1]}, "training.optimizer is a section"),
        ("training.phases", {"choices": [[]]}, "training.phases is a section"),
        ("model.weights", {"choices": ["imagenet"]}, "names a file"),
        ("model.start_from", {"choices": ["production", None]}, "names a file"),
        ("model.head.pooling", {"min": 1, "max": 2}, "there is no number at this key; give choices"),
        ("model.head.hidden", {"min": 1, "max": 2}, "there is no number at this key; give choices"),
        ("training.batch_size", {"min": 1.5, "max": 2}, "training.batch_size.min: 1.5 is not whole"),
        ("model.head.dropout", {"min": 0.5, "max": 0.5}, "min is 0.5 and max is 0.5; min has to be smaller"),
        (
            "model.head.dropout",
            {"min": 0.0, "max": 1.5},
            "1.5 is refused: model.head.dropout: expected less than 1",
        ),
        ("model.head.dropout", {"min": 0.0, "max": 0.5, "scale": "log"}, "numbers above 0"),
        ("model.head.l2", {"min": 0.1, "max": 0.5, "scale": "log", "step": 0.1}, "it is a factor above 1"),
        ("model.head.dropout", {"min": 0.1, "choices": [0.1]}, "give either choices, or min and max"),
        ("model.head.dropout", {"min": 0.1}, "give min and max, or choices"),
        ("model.head.dropout", {"choices": []}, "at least one entry"),
        ("model.head.dropout", {"choices": [0.1, 0.1]}, "hold one value twice"),
        (
            "model.head.dropout",
            {"mim": 0.1},
            "unknown key 'tuning.space.model.head.dropout.mim'; known here: min",
        ),
        ("model.head.pooling", {"choices": ["avg", "maxx"]}, "'maxx' is refused: model.head.pooling"),
        (
            "model.image_size",
            {"choices": [96, 224]},
            "96 is refused: images are resized once for all trials, to 224",
        ),
        (
            "training.optimizer.momentum",
            {"min": 0.1, "max": 0.9},
            "0.1 is refused: training.optimizer: momentum",
        ),
    ],
)
def test_a_dimension_that_cannot_be_searched_is_refused(key: str, dimension: Any, message: str) -> None:
    with pytest.raises(ConfigError) as error:
        _load(space={key: dimension})
    assert message in str(error.value)


def test_a_value_that_is_refused_alone_is_taken_when_another_key_makes_it_right() -> None:
    momentum = {"training.optimizer.momentum": {"min": 0.1, "max": 0.9}}
    _load(space={**momentum, "training.optimizer.name": {"choices": ["adam", "sgd"]}})
    with pytest.raises(ConfigError, match="momentum is for sgd"):
        _load(space={**momentum, "training.optimizer.name": {"choices": ["adam", "adamw"]}})


_AUGMENTATION = {"training.augmentation.preset": {"choices": ["none", "strong"]}}
_SECOND_RATE = {"training.phases.1.learning_rate": {"min": 1e-5, "max": 1e-3, "scale": "log"}}


@pytest.mark.parametrize(
    "space",
    [
        _SECOND_RATE,
        _AUGMENTATION,  # The second of the two phases alone sees images.
        {"training.phases.0.epochs": {"choices": [5, 10]}},
        {**_SECOND_RATE, "training.phases.0.epochs": {"choices": [5, 10]}},
    ],
)
def test_a_key_on_which_no_trial_depends_is_refused(space: dict[str, Any]) -> None:
    """It would have a best value that was never tried; the phases are 10 epochs and 4."""
    message = f"tuning.space.{next(iter(space))}: each trial would be the same whatever the value"
    with pytest.raises(ConfigError, match=message):
        _load(trials=3, max_epochs=5, space=space)
    assert _load(trials=0, max_epochs=5, space=space).tuning.max_epochs == 5
    assert _load(trials=3, max_epochs=14 if len(space) == 1 else 6, space=space).tuning.trials == 3


def test_a_key_on_which_trials_depend_with_some_values_of_another_is_taken() -> None:
    shorter = {"training.phases.0.epochs": {"choices": [2, 10]}}
    views = {"training.feature_views": {"choices": [1, 4]}}
    # Of these, no two values of the one go with the same value of the other.
    steps = {
        "training.schedule.name": {"choices": ["cosine", "step"]},
        "training.schedule.at_epochs": {"choices": [[], [3]]},
    }
    for space in ({**_SECOND_RATE, **shorter}, {**_AUGMENTATION, **views}, steps):
        assert _load(trials=3, max_epochs=5, space=space).tuning.space.keys() == space.keys()


def test_settings_in_whose_place_each_phase_has_its_own_are_not_tuned() -> None:
    own = "training.phases=[{train: head, optimizer: {name: sgd}}]"
    space = "tuning={trials: 2, space: {training.optimizer.name: {choices: [adam, adamw]}}}"
    with pytest.raises(ConfigError, match=r"training\.optimizer\.name: each trial would be the same"):
        load_config(None, [own, space])


_PRESETS = {"training.augmentation.preset": {"choices": ["light", "strong"]}}
_FILL_MODES = {"training.augmentation.fill_mode": {"choices": ["wrap", "nearest"]}}
_POOLING = {"model.head.pooling": {"choices": ["avg", "max"]}}
_SCRATCH = ["model={backbone: lenet, weights: none}", "training.phases=[{train: all}]"]


@pytest.mark.parametrize(
    ("space", "in_vain", "in_earnest"),
    [
        (_PRESETS, ["training.augmentation.ops=[{op: flip}]"], []),
        (_FILL_MODES, [], ["training.augmentation.preset=light"]),
        (_POOLING, _SCRATCH, []),
        (_POOLING, _SCRATCH, [*_SCRATCH, "model.fused_with=[{backbone: vgg16}]"]),
    ],
)
def test_settings_that_others_leave_without_effect_are_not_tuned(
    space: dict[str, Any], in_vain: list[str], in_earnest: list[str]
) -> None:
    search = f"tuning={json.dumps({'trials': 2, 'space': space})}"
    assert load_config(None, [*in_earnest, search]).tuning.trials == 2
    with pytest.raises(ConfigError, match=f"{next(iter(space))}: each trial would be the same"):
        load_config(None, [*in_vain, search])


def test_a_search_needs_a_space_and_a_loss_that_stays_the_same() -> None:
    with pytest.raises(ConfigError, match="tuning: trials is 3 and space is empty; name a key"):
        _load(trials=3)
    smoothing = {"training.loss.label_smoothing": {"min": 0.0, "max": 0.2}}
    assert _load(trials=3, space=smoothing).tuning.trials == 3
    with pytest.raises(
        ConfigError, match=r"training\.loss\.label_smoothing in space changes what the loss is"
    ):
        _load(trials=3, space=smoothing, objective="loss")
