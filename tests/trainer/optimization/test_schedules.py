from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from trainer.optimization.schedules import LinearWarmup, build_schedule, schedule_callbacks
from trainer.optimization.settings import ScheduleSettings

# A rate of 0.8 over 10 epochs of 4 steps; what it is at which step.
COURSES: list[tuple[dict, dict[int, float]]] = [
    ({"name": "constant"}, {0: 0.8, 40: 0.8}),
    ({"name": "constant", "warmup_epochs": 2}, {0: 0, 1: 0.1, 4: 0.4, 8: 0.8, 9: 0.8, 40: 0.8}),
    ({"name": "constant", "warmup_epochs": 0.5}, {0: 0, 1: 0.4, 2: 0.8, 40: 0.8}),
    ({}, {0: 0.8, 20: 0.4, 40: 0, 41: 0}),
    ({"warmup_epochs": 2}, {0: 0, 4: 0.4, 8: 0.8, 24: 0.4, 40: 0}),
    ({"warmup_epochs": 20}, {0: 0, 20: 0.2, 40: 0.4}),
    ({"name": "step", "at_epochs": [3, 6]}, {0: 0.8, 11: 0.8, 12: 0.08, 23: 0.08, 24: 0.008, 40: 0.008}),
    ({"name": "step", "at_epochs": [5], "factor": 0.5}, {0: 0.8, 19: 0.8, 20: 0.4}),
    (
        {"name": "step", "at_epochs": [3, 6], "warmup_epochs": 1},
        {0: 0, 2: 0.4, 4: 0.8, 11: 0.8, 12: 0.08, 23: 0.08, 24: 0.008},
    ),
    ({"name": "exponential", "factor": 0.5}, {0: 0.8, 2: 0.8 * 0.5**0.5, 4: 0.4, 8: 0.2, 40: 0.8 * 0.5**10}),
    ({"name": "exponential"}, {0: 0.8, 4: 0.72}),
    ({"name": "exponential", "factor": 0.5, "warmup_epochs": 1}, {0: 0, 2: 0.4, 4: 0.8, 8: 0.4, 12: 0.2}),
    ({"name": "plateau"}, {0: 0.8, 40: 0.8}),
]


def _schedule(settings: dict) -> Any:
    return build_schedule(ScheduleSettings.model_validate(settings), 0.8, epochs=10, steps_per_epoch=4)


def _at(schedule: Any, step: Any) -> float:
    return schedule if isinstance(schedule, float) else float(schedule(step))


@pytest.mark.parametrize(("settings", "course"), COURSES)
def test_the_rate_takes_its_course(settings: dict, course: dict[int, float]) -> None:
    schedule = _schedule(settings)
    assert {step: _at(schedule, step) for step in course} == pytest.approx(course, rel=1e-5, abs=1e-7)


@pytest.mark.parametrize(("settings", "course"), COURSES)
def test_the_rate_takes_the_same_course_in_a_graph_and_after_saving(
    settings: dict, course: dict[int, float]
) -> None:
    schedule = _schedule(settings)
    if isinstance(schedule, float):
        return
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(schedule))
    traced = tf.function(again, input_signature=[tf.TensorSpec((), tf.int64)], autograph=False)
    rates = {step: float(traced(tf.constant(step, tf.int64))) for step in course}
    assert rates == pytest.approx(course, rel=1e-5, abs=1e-7)


@pytest.mark.parametrize("name", ["constant", "plateau"])
def test_a_rate_that_no_step_changes_is_a_number(name: str) -> None:
    assert _schedule({"name": name}) == 0.8


def test_only_a_warm_up_that_keras_does_not_have_is_our_own() -> None:
    warm = {"warmup_epochs": 1}
    assert not isinstance(_schedule({"name": "cosine", **warm}), LinearWarmup)
    assert not isinstance(_schedule({"name": "exponential"}), LinearWarmup)
    assert isinstance(_schedule({"name": "exponential", **warm}), LinearWarmup)


@pytest.mark.parametrize("name", ["constant", "cosine", "exponential"])
def test_only_a_plateau_needs_a_callback(name: str) -> None:
    assert schedule_callbacks(ScheduleSettings(name=name)) == []  # type: ignore[arg-type]


def _rates(settings: dict, losses: list[float]) -> list[float]:
    """The rate after each epoch with a loss on the eval split."""
    (callback,) = schedule_callbacks(ScheduleSettings.model_validate({"name": "plateau", **settings}))
    model = SimpleNamespace(optimizer=keras.optimizers.SGD(1.0))
    callback.set_model(model)
    callback.on_train_begin()
    rates = []
    for epoch, loss in enumerate(losses):
        callback.on_epoch_end(epoch, {"val_loss": loss, "loss": -epoch})
        rates.append(float(model.optimizer.learning_rate))
    return rates


def test_a_plateau_lowers_the_rate_after_its_patience() -> None:
    rates = _rates({"factor": 0.5, "patience": 3}, [1, 2, 2, 2, 0.5, 0.6, 0.6, 0.6])
    assert rates == [1, 1, 1, 0.5, 0.5, 0.5, 0.5, 0.25]


def test_a_plateau_has_a_patience_of_2_and_a_factor_of_a_tenth_unless_given() -> None:
    assert _rates({}, [1, 1, 1, 1]) == pytest.approx([1, 1, 0.1, 0.1])


def test_however_little_lower_a_loss_is_no_plateau() -> None:
    assert _rates({}, [1, 0.99999, 0.99998, 0.99997]) == [1, 1, 1, 1]


def test_a_fit_lowers_its_rate_when_the_loss_on_the_eval_split_does_not_fall() -> None:
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(2, activation="softmax")])
    settings = ScheduleSettings(name="plateau", patience=1, factor=0.5)
    model.compile(keras.optimizers.SGD(build_schedule(settings, 0.5, 4, 1)), "categorical_crossentropy")
    images, labels = np.eye(2, dtype=np.float32), np.eye(2, dtype=np.float32)
    history = model.fit(
        images,
        labels,
        validation_data=(images, labels[::-1]),  # the better it learns, the worse
        epochs=4,
        verbose=0,
        callbacks=schedule_callbacks(settings),
    ).history
    assert history["learning_rate"] == [0.5, 0.5, 0.25, 0.125]
    assert float(model.optimizer.learning_rate) == 0.0625
