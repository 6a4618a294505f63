"""What holds for every optimizer with every schedule and every loss."""

from __future__ import annotations

from typing import get_args

import keras
import numpy as np
import pytest

from tests.trainer.optimization.two_layers import LABELS, PIXELS, two_layers
from trainer.optimization.losses import build_loss
from trainer.optimization.optimizers import build_optimizer
from trainer.optimization.schedules import build_schedule
from trainer.optimization.settings import (
    LossSettings,
    OptimizerName,
    OptimizerSettings,
    ScheduleName,
    ScheduleSettings,
)


def _compiled(optimizer: str, schedule: str, loss: str) -> keras.Model:
    model = two_layers()
    given: dict = {"at_epochs": [1, 2]} if schedule == "step" else {}
    if schedule != "plateau":
        given["warmup_epochs"] = 0.5
    rate = build_schedule(ScheduleSettings(name=schedule, **given), 0.1, epochs=3, steps_per_epoch=2)  # type: ignore[arg-type]
    settings = OptimizerSettings(name=optimizer, weight_decay=0.01, clip_norm=1.0, ema=0.5)  # type: ignore[arg-type]
    factors = [0.1, 1.0, 1.0, 1.0]
    model.compile(
        build_optimizer(settings, rate, factors),
        build_loss(LossSettings(name=loss)),  # type: ignore[arg-type]
        run_eagerly=True,
    )
    return model


@pytest.mark.parametrize("loss", ["cross_entropy", "focal"])
@pytest.mark.parametrize("schedule", get_args(ScheduleName))
@pytest.mark.parametrize("optimizer", get_args(OptimizerName))
def test_training_that_is_saved_and_restored_goes_on_as_if_unbroken(
    optimizer: str, schedule: str, loss: str
) -> None:
    unbroken = _compiled(optimizer, schedule, loss)
    start = unbroken.get_weights()
    for _ in range(2):
        unbroken.train_on_batch(PIXELS, LABELS)
    if schedule == "plateau":
        unbroken.optimizer.learning_rate = 0.03  # as after a plateau
    state: dict[str, np.ndarray] = {}
    unbroken.optimizer.save_own_variables(state)

    restored = _compiled(optimizer, schedule, loss)
    restored.set_weights(unbroken.get_weights())
    restored.optimizer.build(restored.trainable_variables)
    restored.optimizer.load_own_variables(state)
    for model in (unbroken, restored):
        model.train_on_batch(PIXELS, LABELS)
    for before, one, other in zip(start, unbroken.get_weights(), restored.get_weights(), strict=True):
        assert not np.array_equal(before, one)
        np.testing.assert_array_equal(one, other)
    for one, other in zip(unbroken.optimizer.variables, restored.optimizer.variables, strict=True):
        np.testing.assert_array_equal(one.numpy(), other.numpy())
