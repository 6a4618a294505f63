from __future__ import annotations

from pathlib import Path

import pytest

from components.contract import ConfigError
from pipeline.config import Config, load_config, parse_config

CONFIGS = sorted((Path(__file__).parents[2] / "pipeline" / "configs").glob("*.yaml"))


def test_text_is_asked_for_in_words() -> None:
    with pytest.raises(
        ConfigError, match=r"name: expected text, which a number or a date is only in quotes, not 7"
    ):
        load_config(None, ["name=7"])
    assert load_config(None, ["name='7'"]).name == "7"


def test_defaults_are_a_configuration() -> None:
    assert load_config() == Config()


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.name)
def test_every_config_that_ships_can_be_loaded(path: Path) -> None:
    assert load_config(path).name == path.stem


def test_overrides_come_before_the_file(tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    path.write_text("name: pets\ntraining: {batch_size: 8, phases: [{train: head, epochs: 2}]}\n")
    config = load_config(path, ["training.batch_size=16", "training.phases.0.epochs=5", "model.weights=w.h5"])
    assert (config.name, config.training.batch_size, config.model.weights) == ("pets", 16, "w.h5")
    assert config.training.phases[0].epochs == 5
    second = load_config(None, ["training.phases.1={train: all}"]).training.phases
    assert [phase.train for phase in second] == ["head", "all"]


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("training.epoch=3", "unknown key 'training.epoch'; did you mean 'training.epochs'?"),
        ("trainig.epochs=3", "unknown key 'trainig'; did you mean 'training'?"),
        ("backbone=mobilenet", "unknown key 'backbone'; did you mean 'model.backbone'?"),
        ("data.splits.validation=0.1", "unknown key 'data.splits.validation'; known here: train, eval, test"),
        (
            "training.epochs=many",
            "training.epochs: expected a valid integer, unable to parse string as an integer",
        ),
        ("training.batch_size=0", "training.batch_size: expected greater than or equal to 1, not 0"),
        ("model.backbone=mobilnet", "there is no backbone 'mobilnet'; did you mean 'mobilenet'?"),
        ("training.phases=[{train: some}]", "training.phases.0.train: 'some' is not one of"),
        ("data.splits.train=0.5", "data.splits: train, eval and test add up to 0.7"),
        ("training", "expected key=value"),
        ("training.phases.7.epochs=1", "training.phases"),
        ("name.first=1", "name"),
        ("name=Cats & Dogs", "name: "),
        ("model.weights=none", "mobilenet starts from nothing and has to learn first"),
        ("training.phases=[]", "training.phases: expected at least one entry"),
        ("training.phases.2.epochs=1", "training.phases has 2 entries, from 0"),
        ("model=", "model: expected a mapping of keys to values, not None"),
        ("name=2024-13-45", "is not a YAML value"),
        ("seed=5000000000", "seed: expected less than 4294967296"),
        ("training.epochs=true", "training.epochs: true is not what belongs here"),
        ("evaluation.min_accuracy=True", "evaluation.min_accuracy: true is not what belongs here"),
        ("training.batch_size=on", "training.batch_size: expected a valid integer"),
        ("training.deterministic=truest", "training.deterministic: expected a valid boolean"),
        ("serving_check.max_difference=.inf", "serving_check.max_difference: expected a finite number"),
        ("training.augmentation.ops=[{op: flipp}]", "there is no op 'flipp'; the nearest one is 'flip'"),
        (
            "training.augmentation.ops=[{op: rotation, degree: 5}]",
            "training.augmentation.ops.0: rotation has no key 'degree'; did you mean 'degrees'?",
        ),
        ("training.augmentation.preset=weak", "'none', 'light', 'standard' or 'strong', not 'weak'"),
        ("training.phases.0.optimizer.name=sdg", "expected 'sgd', 'adam', 'adamw', 'rmsprop' or 'adadelta'"),
        ("training.monitor=acuracy", "not 'acuracy'; did you mean 'accuracy'?"),
        ("training.monitor=3", "training.monitor: expected 'loss' or 'accuracy', not 3"),
        ("training.optimizer.nesterov=true", "nesterov is for sgd, and does nothing with adam; leave it out"),
        ("training.phases.0.image_size=512", "training.phases.0.image_size is 512, and images come in at"),
        ("model.head.dropuot=0.5", "did you mean 'model.head.dropout'?"),
        ("training.phases.0.layer_rates=[{layers: top}]", "'top' is not one of: head, last N layers"),
    ],
)
def test_a_bad_key_or_value_is_one_clear_error(override: str, message: str) -> None:
    with pytest.raises(ConfigError) as error:
        load_config(None, [override])
    assert message in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("model", "message"),
    [
        ("{}", "mobilenet would then see images of 16 pixels; the smallest that it takes is 32"),
        (
            "{backbone: small_cnn, weights: none}",
            "the model would have other weights than with 64 (model.image_size): model.backbone small_cnn",
        ),
        (
            "{backbone: vgg16, fused_with: [{image_size: 32}]}",
            "vgg16 would then see images of 16 pixels; the smallest that it takes is 32",
        ),
    ],
)
def test_a_phase_of_a_size_that_the_model_cannot_take_is_refused(model: str, message: str) -> None:
    start = "training.phases=[{train: all, image_size: 16}]"
    with pytest.raises(ConfigError) as error:
        load_config(None, [f"model={model}", start])
    assert f"training.phases.0.image_size is 16, and {message}" in str(error.value)


def test_an_entry_of_a_default_list_can_be_changed_alone() -> None:
    default = Config().training.phases
    changed = load_config(None, ["training.phases.1.epochs=9"]).training.phases
    assert changed[0] == default[0]
    assert changed[1] == default[1].model_copy(update={"epochs": 9})


def test_several_bad_keys_are_all_named(tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    path.write_text("modle: {}\ntraining: {epochs: -1}\n")
    with pytest.raises(ConfigError) as error:
        load_config(path)
    assert "'modle'; did you mean 'model'?" in str(error.value)
    assert "training.epochs: expected greater than or equal to 0, not -1" in str(error.value)


def test_a_bad_entry_of_a_list_is_one_error() -> None:
    with pytest.raises(ConfigError) as error:
        load_config(None, ["training.phases=[{train: some}]"])
    assert str(error.value).startswith("In --set: training.phases.0.train: 'some' is not one of")
    assert ";" not in str(error.value)


@pytest.mark.parametrize("switch", ["on", "off", "auto"])
def test_a_switch_is_set_with_the_word_that_the_reference_has(tmp_path: Path, switch: str) -> None:
    (tmp_path / "c.yaml").write_text(f"training: {{xla: {switch}}}\n")
    training = load_config(tmp_path / "c.yaml", [f"training.mixed_precision={switch}"]).training
    assert (training.xla, training.mixed_precision) == (switch, switch)


@pytest.mark.parametrize(
    ("text", "truth"), [("true", True), ("False", False), ("on", True), ("off", False), ("no", False)]
)
def test_a_truth_value_is_written_as_in_any_yaml(tmp_path: Path, text: str, truth: bool) -> None:
    (tmp_path / "c.yaml").write_text(f"training: {{deterministic: {text}}}\n")
    config = load_config(tmp_path / "c.yaml", [f"training.tensorboard={text}"])
    assert config.training.deterministic is config.training.tensorboard is truth


def test_a_key_that_is_given_twice(tmp_path: Path) -> None:
    (tmp_path / "c.yaml").write_text("name: a\nseed: 1\nname: b\n")
    with pytest.raises(ConfigError, match="line 3 cannot be taken: the key 'name' is given twice"):
        load_config(tmp_path / "c.yaml")


def test_a_mapping_that_takes_over_another(tmp_path: Path) -> None:
    phases = "training: {phases: [&first {epochs: 2, learning_rate: 0.5}, {<<: *first, epochs: 3}]}\n"
    (tmp_path / "c.yaml").write_text(phases)
    told = [(phase.epochs, phase.learning_rate) for phase in load_config(tmp_path / "c.yaml").training.phases]
    assert told == [(2, 0.5), (3, 0.5)]
    nested = "tuning: {space: {a: {deep: &b {<<: &a {min: 1}, min: 2}}}}\nmodel: {<<: *b}\n"
    (tmp_path / "c.yaml").write_text(nested)
    with pytest.raises(ConfigError, match="unknown key 'model.min'"):
        load_config(tmp_path / "c.yaml")
    (tmp_path / "c.yaml").write_text(phases.replace("epochs: 3", "epochs: 3, epochs: 4"))
    with pytest.raises(ConfigError, match="the key 'epochs' is given twice"):
        load_config(tmp_path / "c.yaml")


@pytest.mark.parametrize(
    ("text", "message"),
    [("a: [1", "line 1 cannot be taken"), ("- a\n- b\n", "mapping"), ("\xff", "cannot be taken|mapping")],
)
def test_a_file_that_is_no_configuration(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "c.yaml").write_text(text, "latin-1")
    with pytest.raises(ConfigError, match=message):
        load_config(tmp_path / "c.yaml")


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        load_config(tmp_path / "none.yaml")


STEPS = "{name: step, at_epochs: [3, 9]}"


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (
            [f"training.phases.1.schedule={STEPS}"],
            "training.phases.1: schedule.at_epochs has 9, but epochs is 4, so the rate would not be lowered "
            "then; name earlier epochs, or raise epochs",
        ),
        (
            [f"training.schedule={STEPS}", "training.phases.0.epochs=9"],
            r"training.schedule.at_epochs has 9, but the longest phase that follows it has 9 "
            r"\(training.phases.0.epochs\), so the rate would never be lowered then",
        ),
        (
            [f"training.schedule={STEPS}", "training.phases.0.schedule={name: constant}"],
            r"at_epochs has 9, but the longest phase that follows it has 4 \(training.phases.1.epochs\)",
        ),
        (
            ["training.schedule={name: step, at_epochs: [3], warmup_epochs: 3.5}"],
            "training.schedule: at_epochs begins with 3, but warmup_epochs is 3.5",
        ),
        (
            [f"training.schedule={STEPS}", "tuning.space={training.phases.0.epochs: {min: 5, max: 20}}"],
            r"tuning.space.training.phases.0.epochs: 5.0 is refused: .*at_epochs has 9",
        ),
    ],
)
def test_a_rate_that_would_never_be_lowered_is_refused(overrides: list[str], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        load_config(None, overrides)


@pytest.mark.parametrize(
    "overrides",
    [
        # One of the phases gets there.
        [f"training.schedule={STEPS}"],
        # A cut is no fault of the schedule's, nor is a phase that is switched off.
        [f"training.schedule={STEPS}", "training.epochs=2", "tuning.max_epochs=1"],
        [f"training.phases.1.schedule={STEPS}", "training.phases.1.epochs=0"],
        # The preset is to say how long the phases are.
        ["training.schedule={name: step, at_epochs: [12]}", "preset=balanced"],
        # A schedule that no phase follows.
        [f"training.schedule={STEPS}", "training.phases=[{epochs: 1, schedule: {}, train: head}]"],
    ],
)
def test_a_rate_that_some_phase_lowers_is_taken(overrides: list[str]) -> None:
    config = load_config(None, overrides)
    assert parse_config(config.model_dump(mode="json"), "written out") == config
