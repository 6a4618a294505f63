"""The optimizer, from its settings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import keras
import tensorflow as tf

from trainer.optimization.clipped_sum import clipping_the_sum
from trainer.optimization.layer_rates import WITH_LAYER_RATES
from trainer.optimization.settings import OptimizerSettings

_OPTIMIZERS: Final[Mapping[str, type]] = {
    "sgd": keras.optimizers.SGD,
    "adam": keras.optimizers.Adam,
    "adamw": keras.optimizers.AdamW,
    "rmsprop": keras.optimizers.RMSprop,
    "adadelta": keras.optimizers.Adadelta,
}
_MOMENTUM: Final = {"sgd": 0.9, "rmsprop": 0.0}
_WEIGHT_DECAY: Final = {"adamw": 0.004}


def build_optimizer(
    settings: OptimizerSettings,
    rate: keras.optimizers.schedules.LearningRateSchedule | float,
    factors: Sequence[float] | None = None,
) -> keras.optimizers.Optimizer:
    """Builds the optimizer for the devices of the strategy in scope; on one, Keras' own but for layer rates.

    Its state can be saved and restored with `save_own_variables` and `load_own_variables`; for the latter it
    has to be built first, on the same variables, or Keras warns and loads nothing.

    Args:
        settings: which, and with what.
        rate: the learning rate, or its schedule.
        factors: on the learning rate and weight decay of each variable that it will be built for, in their
            order; 1 for all of them where this is None.
    """
    arguments: dict[str, Any] = {
        "learning_rate": rate,
        "global_clipnorm": settings.clip_norm,
        "weight_decay": _weight_decay(settings),
        "use_ema": settings.ema is not None,
    }
    if settings.ema is not None:
        arguments["ema_momentum"] = settings.ema
    if settings.name in _MOMENTUM:
        momentum = settings.momentum
        arguments["momentum"] = _MOMENTUM[settings.name] if momentum is None else momentum
    if settings.name == "sgd":
        arguments["nesterov"] = settings.nesterov
    optimizer = _OPTIMIZERS[settings.name]
    if factors is not None:
        optimizer = WITH_LAYER_RATES[optimizer]
        arguments["factors"] = factors
    if settings.clip_norm is not None and tf.distribute.get_strategy().num_replicas_in_sync > 1:
        optimizer = clipping_the_sum(optimizer)
    return optimizer(**arguments)


def _weight_decay(settings: OptimizerSettings) -> float | None:
    """The decay; None rather than 0, which spares an operation a variable, but AdamW refuses None."""
    decay = _WEIGHT_DECAY.get(settings.name, 0.0) if settings.weight_decay is None else settings.weight_decay
    return decay if decay or settings.name == "adamw" else None
