"""Epochs that come to no number, as deep networks with batch normalisation may begin."""

from __future__ import annotations

import math

import keras
import numpy as np
import pytest

from trainer.optimization.schedules import schedule_callbacks
from trainer.optimization.settings import ScheduleSettings
from trainer.training_run.callbacks import BestEpoch


def _model() -> keras.Model:
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, use_bias=False)])
    model.compile(keras.optimizers.SGD(1.0))
    return model


@pytest.mark.parametrize(("mode", "values"), [("min", (math.nan, 3.0, 2.0)), ("max", (math.nan, 0.2, 0.3))])
def test_a_first_epoch_without_a_number_is_not_the_best(mode: str, values: tuple[float, ...]) -> None:
    stopping = BestEpoch(monitor="val", mode=mode, patience=9, restore_best_weights=True)
    stopping.set_model(_model())
    stopping.on_train_begin()
    for epoch, value in enumerate(values):
        stopping.model.set_weights([np.full((1, 1), float(epoch))])
        stopping.on_epoch_end(epoch, {"val": value})
    assert (stopping.best, stopping.best_epoch) == (values[-1], 2)
    assert stopping.best_weights[0].item() == 2


def test_epochs_without_a_number_are_no_progress() -> None:
    stopping = BestEpoch(monitor="val", mode="min", patience=2, restore_best_weights=True)
    stopping.set_model(_model())
    stopping.on_train_begin()
    for epoch in range(3):
        stopping.on_epoch_end(epoch, {"val": math.nan})
    assert stopping.model.stop_training


def test_the_rate_is_not_lowered_for_a_first_epoch_without_a_number() -> None:
    (plateau,) = schedule_callbacks(ScheduleSettings(name="plateau", patience=1))
    plateau.set_model(_model())
    plateau.on_train_begin()
    for epoch, loss in enumerate((math.nan, 3.0, 2.0)):
        plateau.on_epoch_end(epoch, {"val_loss": loss})
    assert float(plateau.model.optimizer.learning_rate) == 1.0
