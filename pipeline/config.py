"""The configuration: one frozen object, from YAML and command line, with one clear error a bad key."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, Literal, get_args

import yaml
from pydantic import Field, ValidationError, field_validator, model_validator

from components.class_balance.settings import BalanceSettings
from components.contract import ConfigError
from components.image_folder.settings import DataSettings
from components.serving_check.settings import ServingCheckSettings
from components.settings import Settings
from pipeline.settings.beam_settings import BeamSettings
from pipeline.settings.config_keys import all_keys, keys_below
from pipeline.settings.kubeflow_settings import KubeflowSettings
from trainer.model.catalog import nearest_name
from trainer.model.settings import ModelSettings
from trainer.settings import ServingSettings, TrainingSettings
from trainer.tunable_settings import TunableSettings, with_values
from trainer.tuning.settings import TuningSettings
from trainer.tuning.space_check import check_effect, check_space
from trainer.tuning.trial_length import what_counts


class EvaluationSettings(Settings):
    """What a model has to reach on the test split to be blessed."""

    min_accuracy: float = Field(0.5, ge=0, le=1, description="Lowest accuracy, whatever the baseline.")
    max_accuracy_drop: float = Field(
        0.01, ge=0, le=1, description="How far the accuracy may fall below the model in production."
    )


_TRUTH: Final = "tag:yaml.org,2002:bool"

Preset = Literal["fast", "balanced", "best"]
_PRESETS: Final = get_args(Preset)


class Config(Settings):
    """Everything a run depends on, apart from the images themselves."""

    name: str = Field(
        "model",
        pattern="^[a-z0-9][a-z0-9-]*$",
        max_length=63,  # TFX's limit for the names of pipelines.
        description="Of the model: its folder below `serving/`, and its name on a model server. Up to 63 "
        "lower-case letters, digits and hyphens.",
    )
    seed: int = Field(0, ge=0, lt=2**32, description="Of everything random.")
    preset: Preset | None = Field(
        None,
        description="Fills in whatever is not set below `model` and `training`, by the number of images, "
        "their sizes and their classes, and prints it. `fast`: a small MobileNet whose head alone learns. "
        "`balanced`: EfficientNetV2-B0, the head and then the last blocks, with some augmentation. `best`: "
        "EfficientNetV2-S in three phases, from small images to large ones, with strong augmentation, label "
        "smoothing and averaged weights. Images of up to 40 pixels get small networks that start from "
        "nothing.",
    )
    data: DataSettings = Field(default_factory=DataSettings, description="Which images, divided how.")
    balance: BalanceSettings = Field(default_factory=BalanceSettings, description="When classes are refused.")
    model: ModelSettings = Field(default_factory=ModelSettings, description="Which network.")
    training: TrainingSettings = Field(default_factory=TrainingSettings, description="How it is trained.")
    tuning: TuningSettings = Field(
        default_factory=TuningSettings, description="How better settings are searched for before training."
    )
    evaluation: EvaluationSettings = Field(
        default_factory=EvaluationSettings, description="What it has to reach."
    )
    serving: ServingSettings = Field(default_factory=ServingSettings, description="What it answers.")
    serving_check: ServingCheckSettings = Field(
        default_factory=ServingCheckSettings, description="When it is fit to be served."
    )
    beam: BeamSettings = Field(
        default_factory=BeamSettings, description="Where stages run that a cluster can share."
    )
    kubeflow: KubeflowSettings = Field(
        default_factory=KubeflowSettings, description="What it gets on a cluster."
    )

    @field_validator("preset", mode="before")
    @classmethod
    def _preset_known(cls, value: Any) -> Any:
        if value is not None and value not in _PRESETS:
            nearest = nearest_name(str(value), _PRESETS)
            raise ValueError(
                f"there is no preset '{value}', only {', '.join(_PRESETS)}; did you mean '{nearest}'?"
            )
        return value

    @model_validator(mode="after")
    def _random_weights_are_trained(self) -> Config:
        if self.preset is not None:
            return self  # The phases are yet to be filled in, and are looked at then.
        if self.model.start_from is not None:
            return self  # It starts from what another model has learned.
        first = self.training.phases[0].train
        random = [each.backbone for each in self.model.backbones if not each.pretrained]
        if random and first != "all":
            raise ValueError(
                f"model.weights is 'none', so {random[0]} starts from nothing and has to learn first, but "
                f"training.phases begins with '{first}'; give phases that begin with "
                "{train: all, epochs: 20}"
            )
        return self

    @model_validator(mode="after")
    def _phases_have_sizes_that_the_model_takes(self) -> Config:
        if self.preset is not None:
            return self  # As above.
        for number, phase in enumerate(self.training.phases):
            if phase.image_size is None:
                continue
            told = f"training.phases.{number}.image_size is {phase.image_size}"
            if phase.image_size > self.model.input_size:
                raise ValueError(
                    f"{told}, and images come in at model.image_size, {self.model.input_size}; raise the "
                    "latter"
                )
            reason = self.model.reason_against(phase.image_size)
            if reason is not None:
                raise ValueError(f"{told}, and {reason}")
        return self

    @model_validator(mode="after")
    def _some_phase_gets_to_all_of_the_schedule(self) -> Config:
        if self.preset is not None:
            return self  # As above.
        epochs = [phase.epochs if phase.schedule is None else 0 for phase in self.training.phases]
        late = self.training.schedule.first_after(max(epochs))
        if late is not None:
            longest = f"training.phases.{epochs.index(max(epochs))}.epochs"
            raise ValueError(
                f"training.schedule.at_epochs has {late}, but the longest phase that follows it has "
                f"{max(epochs)} ({longest}), so the rate would never be lowered then; name earlier epochs, "
                f"or raise {longest}"
            )
        return self

    @model_validator(mode="after")
    def _space_can_be_searched(self) -> Config:
        if self.preset is not None or not self.tuning.space:
            return self  # As above: what the keys hold is yet to be filled in.
        untuned = self.model_copy(update={"tuning": TuningSettings()})

        def refusal(values: Mapping[str, Any]) -> str | None:
            try:
                tried = with_values(untuned, values)
            except ConfigError as error:
                return str(error)
            if tried.model.input_size != self.model.input_size:
                return (
                    f"images are resized once for all trials, to {self.model.input_size} pixels, and this "
                    f"would take {tried.model.input_size}; fix model.image_size, outside the space"
                )
            return None

        def come_to(values: Mapping[str, Any]) -> TunableSettings:
            return what_counts(with_values(settings, values), self.tuning.max_epochs)

        settings = TunableSettings(model=self.model, training=self.training)
        check_space(self.tuning.space, settings, refusal)
        if self.tuning.trials:
            check_effect(self.tuning.space, come_to)
        return self


# For kinds of error whose wording by pydantic speaks of Python rather than of YAML.
_IN_WORDS: Final = {
    "model_type": "a mapping of keys to values",
    "string_type": "text, which a number or a date is only in quotes",
    "too_short": "at least one entry",
    "tuple_type": "a list",
    "string_pattern_mismatch": "text of another form (see the reference)",
}


def load_config(path: Path | None = None, overrides: Iterable[str] = ()) -> Config:
    """Reads a configuration.

    Args:
        path: YAML file; None for the defaults alone.
        overrides: `key.subkey=value`, the value in YAML; they come before the file.

    Raises:
        ConfigError: no such file, not YAML, an unknown key (the nearest right
            one is named), or a value of the wrong type or range.
    """
    tree = _read_yaml(path) if path is not None else {}
    return config_of(tree, overrides, str(path) if path is not None else None)


def config_yaml(config: Config) -> str:
    """The whole configuration as YAML that `load_config` makes the very same one of."""
    return yaml.safe_dump(config.model_dump(mode="json"), sort_keys=False, allow_unicode=True)


def config_of(tree: dict[str, Any], overrides: Iterable[str] = (), source: str | None = None) -> Config:
    """Turns plain values and changes to them into a Config.

    Args:
        tree: as YAML gives it; changed in place.
        overrides: `key.subkey=value`, the value in YAML; they come before the others.
        source: what to call the values in an error.

    Raises:
        ConfigError: as `load_config` does.
    """
    overrides = tuple(overrides)
    # A preset first: below, it tells that a list that is not given is not the default one.
    for override in sorted(overrides, key=lambda override: not override.startswith("preset=")):
        _apply_override(tree, override)
    sources = [*([source] if source else []), *(["--set"] if overrides else [])]
    return parse_config(tree, " or ".join(sources) or "the configuration")


def parse_config(tree: Mapping[str, Any], source: str) -> Config:
    """Turns plain values into a Config.

    Args:
        tree: as YAML gives it.
        source: what to call it in an error.

    Raises:
        ConfigError: every bad key, each with what is wrong.
    """
    try:
        return Config.model_validate(tree)
    except ValidationError as error:
        details = error.errors()
    # A list is called too short when its entries are wrong; the entries' own errors say it better.
    inner = {detail["loc"][:depth] for detail in details for depth in range(1, len(detail["loc"]))}
    problems = [_problem(detail["loc"], detail) for detail in details if detail["loc"] not in inner]
    told = "; ".join(problems)
    raise ConfigError(f"In {source}: {told}" + ("" if told.endswith("?") else "."))


class _Yaml(yaml.SafeLoader):
    """YAML 1.1, but for two things.

    A key that is given twice is an error: one of the two would be lost. And only true and false are truth
    values, as in YAML 1.2: `training.xla: off` means the word. Where a truth value is wanted, pydantic takes
    on, off, yes and no for one.
    """

    def compose_mapping_node(self, anchor: Any) -> yaml.MappingNode:
        """Reads a mapping as it is written, before `<<` in it takes another one's keys over.

        Raises:
            yaml.MarkedYAMLError: a second key of the same name.
        """
        node = super().compose_mapping_node(anchor)
        keys = [(key.tag, key.value) for key, _ in node.value]
        for position, key in enumerate(keys):
            if key in keys[:position]:
                mark = node.value[position][0].start_mark
                raise yaml.MarkedYAMLError(problem=f"the key '{key[1]}' is given twice", problem_mark=mark)
        return node


_Yaml.yaml_implicit_resolvers = {
    first: [entry for entry in entries if entry[0] != _TRUTH]
    for first, entries in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Yaml.add_implicit_resolver(_TRUTH, re.compile("^(?:true|True|TRUE|false|False|FALSE)$"), list("tTfF"))


def _read_yaml(path: Path) -> dict[str, Any]:
    try:
        tree = yaml.load(path.read_text("utf-8"), _Yaml)
    except OSError as error:
        raise ConfigError(f"The configuration {path} cannot be read: {error.strerror}.") from error
    except (yaml.YAMLError, ValueError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f", line {mark.line + 1}" if mark else ""
        what = getattr(error, "problem", None) or str(error)
        raise ConfigError(f"The configuration {path}{where} cannot be taken: {what}.") from error
    if tree is None:
        return {}
    if not isinstance(tree, dict):
        raise ConfigError(f"The configuration {path} has to be a mapping of keys to values.")
    return tree


def _apply_override(tree: dict[str, Any], override: str) -> None:
    dotted, equals, text = override.partition("=")
    if not equals or not dotted:
        raise ConfigError(f"--set {override}: expected key=value, such as --set training.epochs=3.")
    try:
        value = yaml.load(text, _Yaml)
    except (yaml.YAMLError, ValueError) as error:  # 2024-13-45 is a ValueError to PyYAML.
        raise ConfigError(
            f"--set {override}: '{text}' is not a YAML value; quote it if it is text."
        ) from error
    *parents, last = dotted.split(".")
    node: Any = tree
    for position, key in enumerate(parents):
        child = _child(node, key)
        if child is None and isinstance(node, dict):
            default = _default_at(parents[: position + 1])
            if isinstance(default, list) and tree.get("preset") is not None:
                raise ConfigError(
                    f"--set {override}: the preset chooses {'.'.join(parents[: position + 1])}, so its "
                    "entries are not known yet. Give the list as a whole, or copy what the preset prints."
                )
            child = node[key] = default if isinstance(default, list) else {}
        if child is None:
            raise ConfigError(
                f"--set {override}: {'.'.join(parents[:position])} has {len(node)} entries, from 0."
            )
        if not isinstance(child, dict | list):
            raise ConfigError(f"--set {override}: {'.'.join(parents[: position + 1])} has no keys below it.")
        node = child
    if isinstance(node, list):
        if not last.isdecimal() or int(last) >= len(node):
            raise ConfigError(f"--set {override}: {'.'.join(parents)} has {len(node)} entries, from 0.")
        node[int(last)] = value
    else:
        node[last] = value


def _default_at(keys: Sequence[str]) -> Any:
    """The default at a dotted key, as YAML would give it; an entry of a list is changed within it."""
    node: Any = Config().model_dump(mode="json")
    for key in keys:
        node = _child(node, key) if isinstance(node, dict | list) else None
    return node


def _child(node: Any, key: str) -> Any:
    if isinstance(node, list):
        return node[int(key)] if key.isdecimal() and int(key) < len(node) else None
    return node.get(key)


def _problem(location: Sequence[str | int], detail: Mapping[str, Any]) -> str:
    # For pydantic a mapping's key that is wrong lies below itself.
    key = ".".join(str(part) for part in location if part != "[key]")
    kind, given = detail["type"], detail["input"]
    if kind == "extra_forbidden":
        return f"unknown key '{key}'" + _suggestion(location)
    if kind == "value_error":
        return f"{key}: {detail['ctx']['error']}" if key else str(detail["ctx"]["error"])
    if kind in _IN_WORDS:
        return f"{key}: expected {_IN_WORDS[kind]}, not {given!r}"
    message = detail["msg"].removeprefix("Input should be ")
    problem = f"{key}: expected {message[0].lower()}{message[1:]}, not {given!r}"
    if kind == "literal_error" and isinstance(given, str):
        choices = re.findall(r"'([^']*)'", detail["ctx"]["expected"])
        problem += f"; did you mean '{nearest_name(given, choices)}'?"
    return problem


def _suggestion(location: Sequence[str | int]) -> str:
    *parents, wrong = location
    known = keys_below(Config, parents)
    misspelt = difflib.get_close_matches(str(wrong), known, n=1, cutoff=0.7)
    if misspelt:
        return f"; did you mean '{'.'.join([*map(str, parents), misspelt[0]])}'?"
    misplaced = [key for key in all_keys(Config) if key.rsplit(".", 1)[-1] == wrong]
    if misplaced:
        return f"; did you mean '{misplaced[0]}'?"
    return f"; known here: {', '.join(known)}"
