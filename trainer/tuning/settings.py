"""What a user can set about the search for better settings."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, model_validator

from components.settings import Settings

Algorithm = Literal["bayesian", "random", "grid"]
Objective = Literal["accuracy", "loss"]


class DimensionSettings(Settings):
    """The values that one key may take: a range of numbers, or a list of choices."""

    min: float | None = Field(None, description="Of a range of numbers: the smallest.")
    max: float | None = Field(None, description="Of a range of numbers: the largest.")
    step: float | None = Field(
        None,
        gt=0,
        description="Of a range: how far its values are apart; with scale `log`, the factor from each to the "
        "next. Any value unless given.",
    )
    scale: Literal["linear", "log"] = Field(
        "linear",
        description="Of a range: whether equal differences or equal ratios are equally likely. `log` is for "
        "learning rates and the like.",
    )
    choices: tuple[Any, ...] | None = Field(
        None, min_length=1, description="In place of a range: the values themselves, whatever the key takes."
    )

    @model_validator(mode="after")
    def _is_one_of_two(self) -> DimensionSettings:
        if self.choices is not None:
            if (self.min, self.max, self.step, self.scale) != (None, None, None, "linear"):
                raise ValueError("give either choices, or min and max, with step and scale where wanted")
            if len({repr(choice) for choice in self.choices}) < len(self.choices):
                raise ValueError(f"the choices {list(self.choices)} hold one value twice; leave one out")
            return self
        if self.min is None or self.max is None:
            raise ValueError("give min and max, or choices")
        if self.min >= self.max:
            raise ValueError(f"min is {self.min:g} and max is {self.max:g}; min has to be smaller")
        if self.scale == "log":
            if self.min <= 0:
                raise ValueError(f"min is {self.min:g}, and scale 'log' is for numbers above 0; raise min")
            if self.step is not None and self.step <= 1:
                raise ValueError(f"step is {self.step:g}, and with scale 'log' it is a factor above 1")
        return self

    @property
    def corners(self) -> tuple[Any, ...]:
        """Both ends of a range, or all choices."""
        return (self.min, self.max) if self.choices is None else self.choices


class TuningSettings(Settings):
    """How better settings are searched for before the model is trained."""

    trials: int = Field(
        0, ge=0, le=10_000, description="How many combinations are tried; 0 for no tuning at all."
    )
    algorithm: Algorithm = Field(
        "bayesian",
        description="How the next combination is chosen: `bayesian`, by a Gaussian process fitted to those "
        "tried so far (Snoek et al. 2012), after some random ones; `random` (Bergstra and Bengio 2012); "
        "`grid`, one after another, a range without a step at some ten places.",
    )
    objective: Objective = Field(
        "accuracy",
        description="Which figure on the eval split is to become better: that of the weights that are kept, "
        "in images of `model.image_size`.",
    )
    max_epochs: int | None = Field(
        None, ge=1, description="Cut the phases of each trial off after this many epochs in all."
    )
    space: dict[str, DimensionSettings] = Field(
        default_factory=dict,
        description="Which keys of `model` and `training` are searched for, dotted, such as "
        "`training.phases.0.learning_rate`, each with a range or choices.",
    )

    @model_validator(mode="after")
    def _has_something_to_search(self) -> TuningSettings:
        if self.trials and not self.space:
            raise ValueError(
                f"trials is {self.trials} and space is empty; name a key in it, such as "
                "training.phases.0.learning_rate: {min: 1.0e-4, max: 1.0e-1, scale: log}"
            )
        # Such a key would make the loss small without making the model better.
        changing = [key for key in self.space if key.startswith(_IN_THE_LOSS)]
        if self.objective == "loss" and changing:
            raise ValueError(
                f"objective is 'loss', and {changing[0]} in space changes what the loss is, so that trials "
                "cannot be compared; set objective to 'accuracy'"
            )
        return self


_IN_THE_LOSS = ("training.loss.", "training.class_weights", "model.head.l2")
