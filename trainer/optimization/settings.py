"""What a user can set about the loss, the optimizer and the learning rate.

Where a setting is for some choices alone, it is an error to give it with another. It counts as given when it
is not its default: settings are written out whole on their way to the Trainer, so which keys were there at
first is not known any more. So the default of such a setting stands for "not given", and what that comes to
is said in its description.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Annotated, Final, Literal

from pydantic import Field, field_validator, model_validator

from components.settings import Settings

OptimizerName = Literal["sgd", "adam", "adamw", "rmsprop", "adadelta"]
ScheduleName = Literal["constant", "cosine", "step", "exponential", "plateau"]

_LOSSES_WITH: Final = {"gamma": ("focal",)}
_OPTIMIZERS_WITH: Final = {"momentum": ("sgd", "rmsprop"), "nesterov": ("sgd",)}
_SCHEDULES_WITH: Final = {
    "warmup_epochs": ("constant", "cosine", "step", "exponential"),
    "at_epochs": ("step",),
    "factor": ("step", "exponential", "plateau"),
    "patience": ("plateau",),
}


class LossSettings(Settings):
    """What training minimises; class weights come on top of it."""

    name: Literal["cross_entropy", "focal"] = Field(
        "cross_entropy",
        description="The loss: `cross_entropy`, or `focal`, which makes little of images that the model is "
        "already sure of (Lin et al. 2017).",
    )
    gamma: float | None = Field(
        None,
        ge=0,
        le=10,
        description="With `focal`: how much less sure images count; 0 is cross-entropy. 2 unless given.",
    )
    label_smoothing: float = Field(
        0.0, ge=0, lt=1, description="Share of each label spread over all classes (Szegedy et al. 2016)."
    )

    @model_validator(mode="after")
    def _uses_what_is_given(self) -> LossSettings:
        _refuse_unused(self, self.name, _LOSSES_WITH)
        return self


class OptimizerSettings(Settings):
    """How the weights follow the gradients."""

    name: OptimizerName = Field("adam", description="The optimizer, by Keras' names.")
    momentum: float | None = Field(
        None,
        ge=0,
        lt=1,
        description="With `sgd` and `rmsprop`: share of the last step that the next one keeps. Unless given, "
        "0.9 with `sgd` and 0 with `rmsprop`.",
    )
    nesterov: bool = Field(
        False,
        description="With `sgd`: Nesterov's momentum, which looks one step ahead (Sutskever et al. 2013).",
    )
    weight_decay: float | None = Field(
        None,
        ge=0,
        lt=1,
        description="Share of each weight taken off at each step, times the learning rate; apart from the "
        "gradient (Loshchilov and Hutter 2019). Unless given, 0.004 with `adamw` and 0 with the others.",
    )
    clip_norm: float | None = Field(
        None,
        gt=0,
        description="Longest that the gradient of all weights together may be, by its Euclidean norm; a "
        "longer one is shortened to it. `null` for any.",
    )
    ema: float | None = Field(
        None,
        gt=0,
        lt=1,
        description="Evaluate and keep an exponential moving average of the weights, of which each step "
        "keeps this share (Polyak and Juditsky 1992). It follows some 1 / (1 - ema) steps behind: 0.99 suits "
        "epochs of a few hundred steps. `null` for none.",
    )

    @model_validator(mode="after")
    def _uses_what_is_given(self) -> OptimizerSettings:
        _refuse_unused(self, self.name, _OPTIMIZERS_WITH)
        if self.nesterov and self.momentum == 0:
            raise ValueError("nesterov does nothing when momentum is 0; leave one of the two out")
        return self


class ScheduleSettings(Settings):
    """How the learning rate changes within a phase, from the phase's own `learning_rate`."""

    name: ScheduleName = Field(
        "cosine",
        description="The learning rate's course: `constant`; `cosine`, down to zero (Loshchilov and Hutter "
        "2017); `step`, lower from certain epochs on; `exponential`, a little lower each step; `plateau`, "
        "lower when the loss on the eval split has stopped falling.",
    )
    warmup_epochs: float = Field(
        0.0,
        ge=0,
        description="With all but `plateau`: epochs, or parts of one, in which the learning rate first rises "
        "from zero, in a straight line (Goyal et al. 2017).",
    )
    at_epochs: tuple[Annotated[int, Field(ge=1)], ...] = Field(
        (),
        description="With `step`: after how many epochs of the phase, warm-up included, the rate is lowered, "
        "such as `[30, 60]`; after the warm-up, and before the end of the phase.",
    )
    factor: float | None = Field(
        None,
        gt=0,
        lt=1,
        description="What the rate is multiplied with: with `step` and `plateau` each time that it is "
        "lowered, with `exponential` over an epoch. Unless given, 0.1, and 0.9 with `exponential`.",
    )
    patience: int | None = Field(
        None,
        ge=1,
        description="With `plateau`: after how many epochs without a lower loss the rate is lowered. 2 "
        "unless given; `training.patience`, which ends the phase, should be longer.",
    )

    @field_validator("at_epochs")
    @classmethod
    def _rises(cls, value: tuple[int, ...]) -> tuple[int, ...]:
        if any(later <= earlier for earlier, later in pairwise(value)):
            raise ValueError(f"{list(value)} has to rise from each epoch to the next")
        return value

    @model_validator(mode="after")
    def _uses_what_is_given(self) -> ScheduleSettings:
        _refuse_unused(self, self.name, _SCHEDULES_WITH)
        if self.name == "step" and not self.at_epochs:
            raise ValueError("step needs at_epochs: after which epochs the rate is lowered, such as [30, 60]")
        # The warm-up would rise to the lowered rate.
        if self.at_epochs and self.at_epochs[0] <= self.warmup_epochs:
            raise ValueError(
                f"at_epochs begins with {self.at_epochs[0]}, but warmup_epochs is {self.warmup_epochs:g}; "
                "name epochs after the warm-up, or shorten it"
            )
        return self

    def first_after(self, epochs: int) -> int | None:
        """The first of `at_epochs` that a phase of so many epochs does not get to; None where there is none.

        Nor is there one for a phase of no epochs, which does nothing whatever its schedule.
        """
        return next((epoch for epoch in self.at_epochs if epoch >= epochs > 0), None)


class LayerRate(Settings):
    """A learning rate of their own for some layers; each layer takes the first entry that includes it."""

    layers: str = Field(
        "all",
        min_length=1,
        description="Which layers: `head`, `last N layers`, `from layer NAME`, `from block NAME` or `all`.",
    )
    factor: float = Field(1.0, gt=0, description="What their learning rate is multiplied with.")


def _refuse_unused(settings: Settings, chosen: str, takers: Mapping[str, tuple[str, ...]]) -> None:
    """Raises a ValueError for a setting that was given and is not for what was chosen."""
    for name, takes in takers.items():
        given = getattr(settings, name) != type(settings).model_fields[name].default
        if given and chosen not in takes:
            *others, last = takes
            right = f"{', '.join(others)} and {last}" if others else last
            raise ValueError(f"{name} is for {right}, and does nothing with {chosen}; leave it out")
