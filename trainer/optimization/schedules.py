"""The course of the learning rate, from its settings."""

from __future__ import annotations

import math
from typing import Any, Final

import keras
from keras.optimizers.schedules import (
    CosineDecay,
    ExponentialDecay,
    LearningRateSchedule,
    PiecewiseConstantDecay,
)

from trainer.optimization.settings import ScheduleSettings

_FACTORS: Final = {"step": 0.1, "exponential": 0.9, "plateau": 0.1}
_PATIENCE: Final = 2


def build_schedule(
    settings: ScheduleSettings, learning_rate: float, epochs: int, steps_per_epoch: int
) -> LearningRateSchedule | float:
    """Builds the learning rate of one phase.

    A warm-up takes steps away from what follows it; one that is longer than the phase is cut off with it, so
    that a phase cut short for a trial still runs.

    Args:
        settings: which course.
        learning_rate: the highest rate, which warm-up ends and everything else begins with.
        epochs: of the phase, at least 1.
        steps_per_epoch: batches an epoch, at least 1.

    Returns:
        A schedule of the optimizer's steps, from 0; a float where no step changes the rate, which leaves a
        callback free to set it.
    """
    warmup = round(settings.warmup_epochs * steps_per_epoch)
    if settings.name == "cosine":
        falling = max(epochs * steps_per_epoch - warmup, 1)
        if warmup == 0:
            return CosineDecay(learning_rate, falling)
        return CosineDecay(0.0, falling, warmup_target=learning_rate, warmup_steps=warmup)
    rate = _after_warmup(settings, learning_rate, steps_per_epoch, warmup)
    return LinearWarmup(rate, warmup) if warmup else rate


def schedule_callbacks(settings: ScheduleSettings) -> list[keras.callbacks.Callback]:
    """What lowers the rate by what it sees rather than by the step: for a plateau, else nothing.

    Any lower loss counts, however little, as it does for early stopping. They add the rate to the epoch's
    figures, so they belong before whatever writes those down.
    """
    if settings.name != "plateau":
        return []
    return [
        _ReduceOnPlateau(
            monitor="val_loss",
            mode="min",
            factor=_factor(settings),
            patience=settings.patience or _PATIENCE,
            min_delta=0.0,
        )
    ]


class _ReduceOnPlateau(keras.callbacks.ReduceLROnPlateau):
    """Keras' own, for which an epoch whose loss is no number is not the best: nothing would be better."""

    best: float | None

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        super().on_epoch_end(epoch, logs)
        if self.best is not None and math.isnan(self.best):
            self.best = None


@keras.saving.register_keras_serializable(package="imgclf")
class LinearWarmup(LearningRateSchedule):
    """Rises from zero in a straight line, and then follows another schedule from its beginning.

    See Goyal et al. 2017, section 2.2. The rate at step t is r(max(t - w, 0)) min(t / w, 1) with the other
    schedule r and w steps of warm-up, as Keras' own warm-up for the cosine has it.
    """

    def __init__(self, rate: LearningRateSchedule | float, warmup_steps: int) -> None:
        """Puts a warm-up before a rate.

        Args:
            rate: what follows; its step 0 is the end of the warm-up.
            warmup_steps: at least 1.
        """
        super().__init__()
        self.rate = rate
        self.warmup_steps = warmup_steps

    def __call__(self, step: Any) -> Any:
        """The rate, float32 scalar, at a step, integer scalar."""
        step = keras.ops.convert_to_tensor(step)
        risen = keras.ops.minimum(keras.ops.cast(step, "float32") / self.warmup_steps, 1.0)
        if not isinstance(self.rate, LearningRateSchedule):
            return risen * self.rate
        return risen * self.rate(keras.ops.maximum(step - self.warmup_steps, 0))

    def get_config(self) -> dict[str, Any]:
        """What `from_config` makes the same schedule from."""
        return {
            "rate": keras.saving.serialize_keras_object(self.rate),
            "warmup_steps": self.warmup_steps,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> LinearWarmup:
        """The schedule that `get_config` described."""
        return cls(keras.saving.deserialize_keras_object(config["rate"]), config["warmup_steps"])


def _after_warmup(
    settings: ScheduleSettings, learning_rate: float, steps_per_epoch: int, warmup: int
) -> LearningRateSchedule | float:
    """The rate from the end of the warm-up on, but for the cosine; steps count from there."""
    if settings.name == "step":
        # Keras changes the value after its boundary, and the epochs count from the phase's beginning.
        boundaries = [epoch * steps_per_epoch - 1 - warmup for epoch in settings.at_epochs]
        factor = _factor(settings)
        return PiecewiseConstantDecay(
            boundaries, [learning_rate * factor**times for times in range(len(boundaries) + 1)]
        )
    if settings.name == "exponential":
        return ExponentialDecay(learning_rate, steps_per_epoch, _factor(settings))
    return learning_rate


def _factor(settings: ScheduleSettings) -> float:
    return _FACTORS[settings.name] if settings.factor is None else settings.factor
