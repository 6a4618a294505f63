from __future__ import annotations

import json
from pathlib import Path

import keras_tuner
import pytest

from components.contract import ConfigError
from pipeline.config import Config, load_config
from pipeline.results.tuned_config import best_config
from trainer.model.settings import ModelSettings
from trainer.settings import TrainingSettings
from trainer.tunable_settings import TunableSettings, decode_values, encode_choice, with_values

SETTINGS = TunableSettings(model=ModelSettings(), training=TrainingSettings())


@pytest.mark.parametrize("value", ["sgd", [], [256, 64], True, None, 3, 0.1, "3"])
def test_choices_of_any_kind_come_back_from_the_artifact_as_they_were(value: object) -> None:
    hyperparameters = keras_tuner.HyperParameters()
    hyperparameters.Choice("key", [encode_choice(value), encode_choice("another")])
    written = json.loads(json.dumps(hyperparameters.get_config()))
    (back,) = decode_values(written["values"]).values()
    assert back == value
    assert type(back) is type(value)


def test_numbers_read_as_people_write_them() -> None:
    assert decode_values({"a": 0.1 + 0.2, "b": 0.00123456789, "c": 32}) == {
        "a": 0.3,
        "b": 0.00123457,
        "c": 32,
    }


def test_values_land_where_their_keys_point() -> None:
    values = {"model.head.hidden": [64], "training.phases.1.learning_rate": 0.5, "training.batch_size": 8}
    tuned = with_values(SETTINGS, values)
    assert tuned.model.head.hidden == (64,)
    assert [phase.learning_rate for phase in tuned.training.phases] == [0.01, 0.5]
    assert tuned.training.batch_size == 8
    assert SETTINGS.training.batch_size == 32
    assert with_values(tuned, {"model.head.hidden.0": 16}).model.head.hidden == (16,)


def test_a_refused_combination_says_where_and_why() -> None:
    with pytest.raises(ConfigError, match=r"^training\.batch_size: expected greater than or equal to 1"):
        with_values(SETTINGS, {"training.batch_size": 0})
    with pytest.raises(ConfigError, match=r"^training\.optimizer: nesterov is for sgd"):
        with_values(SETTINGS, {"training.optimizer.nesterov": True})


def test_the_best_configuration_can_be_loaded_and_tunes_no_more(tmp_path: Path) -> None:
    space = "tuning={trials: 5, space: {model.head.hidden: {choices: [[], [64]]}}}"
    config = load_config(
        None, ["name=pets", "data.images=/photos", "training.augmentation.preset=strong", space]
    )
    path = tmp_path / "best.yaml"
    path.write_text(best_config(config, {"model.head.hidden": [64]}))
    best = load_config(path)
    assert best.model.head.hidden == (64,)
    assert (best.tuning.trials, best.tuning.space) == (0, {})
    untouched = {"model": config.model, "tuning": config.tuning}
    assert best.model_copy(update=untouched) == config
    assert config != Config()


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("training.augmentation.ops", [{"op": "rotation", "degrees": 5.0}]),
        ("training.phases.1.schedule", {"name": "step", "at_epochs": [2]}),
    ],
)
def test_a_choice_may_be_a_section_of_the_configuration(tmp_path: Path, key: str, value: object) -> None:
    config = load_config(None, [f"tuning={json.dumps({'space': {key: {'choices': [None, value]}}})}"])
    path = tmp_path / "best.yaml"
    path.write_text(best_config(config, {key: value}))
    assert load_config(path).training == with_values(SETTINGS, {key: value}).training
