from __future__ import annotations

import math

import keras
import pytest
import tensorflow as tf

from trainer.optimization.optimizers import build_optimizer
from trainer.optimization.settings import OptimizerSettings

START, RATE, GRADIENT = 2.0, 0.1, 0.5


def _weights(*gradients: float, **settings: object) -> list[float]:
    """A weight, from 2, after each gradient at a rate of 0.1."""
    optimizer = build_optimizer(OptimizerSettings.model_validate(settings), RATE)
    weight = keras.Variable(START)
    course = []
    for gradient in gradients:
        optimizer.apply([tf.constant(gradient)], [weight])
        course.append(float(weight))
    return course


ADAM = RATE * GRADIENT / (GRADIENT + 1e-7 / math.sqrt(0.001))  # the rate, but for Keras' epsilon
RMS = RATE * GRADIENT / math.sqrt(0.1 * GRADIENT**2 + 1e-7)
ADADELTA = RATE * GRADIENT * math.sqrt(1e-7) / math.sqrt(0.05 * GRADIENT**2 + 1e-7)


@pytest.mark.parametrize(
    ("settings", "step"),
    [
        ({"name": "sgd"}, RATE * GRADIENT),
        ({"name": "sgd", "momentum": 0.6}, RATE * GRADIENT),
        ({"name": "sgd", "nesterov": True}, 1.9 * RATE * GRADIENT),
        ({"name": "sgd", "momentum": 0.6, "nesterov": True}, 1.6 * RATE * GRADIENT),
        ({"name": "sgd", "weight_decay": 0.01}, RATE * GRADIENT + RATE * 0.01 * START),
        ({}, ADAM),
        ({"name": "adam"}, ADAM),
        ({"name": "adam", "weight_decay": 0.01}, ADAM + RATE * 0.01 * START),
        ({"name": "adamw"}, ADAM + RATE * 0.004 * START),
        ({"name": "adamw", "weight_decay": 0.01}, ADAM + RATE * 0.01 * START),
        ({"name": "adamw", "weight_decay": 0}, ADAM),
        ({"name": "rmsprop"}, RMS),
        ({"name": "rmsprop", "weight_decay": 0.01}, RMS + RATE * 0.01 * START),
        ({"name": "adadelta"}, ADADELTA),
        ({"name": "adadelta", "weight_decay": 0.01}, ADADELTA + RATE * 0.01 * START),
    ],
)
def test_the_first_step_by_its_formula(settings: dict, step: float) -> None:
    (weight,) = _weights(GRADIENT, **settings)
    assert START - weight == pytest.approx(step, rel=1e-5, abs=5e-7)


@pytest.mark.parametrize(("given", "momentum"), [({}, 0.9), ({"momentum": 0.6}, 0.6), ({"momentum": 0}, 0)])
def test_sgd_keeps_a_share_of_its_last_step(given: dict, momentum: float) -> None:
    first, second = _weights(1.0, 0.0, name="sgd", **given)
    assert first - second == pytest.approx(momentum * RATE, abs=1e-6)


@pytest.mark.parametrize(("given", "momentum"), [({}, 0), ({"momentum": 0.6}, 0.6)])
def test_rmsprop_keeps_a_share_of_its_last_step_if_told_to(given: dict, momentum: float) -> None:
    first, second = _weights(1.0, 0.0, name="rmsprop", **given)
    assert first - second == pytest.approx(momentum * (START - first), abs=1e-6)


@pytest.mark.parametrize("factors", [None, [1.0, 1.0]])
@pytest.mark.parametrize(("clip_norm", "shortened"), [(None, 1), (1.0, 0.2), (10.0, 1)])
def test_a_long_gradient_is_shortened_over_all_weights_together(
    clip_norm: float | None, shortened: float, factors: list[float] | None
) -> None:
    settings = OptimizerSettings(name="sgd", momentum=0, clip_norm=clip_norm)
    weights = [keras.Variable(START), keras.Variable(START)]
    build_optimizer(settings, RATE, factors).apply([tf.constant(3.0), tf.constant(4.0)], weights)
    steps = [START - float(weight) for weight in weights]
    assert steps == pytest.approx([RATE * 3 * shortened, RATE * 4 * shortened], rel=1e-5)


def test_the_average_begins_with_the_first_weights_and_keeps_its_share() -> None:
    optimizer = build_optimizer(OptimizerSettings(name="sgd", momentum=0, ema=0.75), RATE)
    weight = keras.Variable(START)
    averages = []
    for _ in range(2):
        optimizer.apply([tf.constant(1.0)], [weight])
        averages.append(float(optimizer._model_variables_moving_average[0]))
    # The weight is 1.9 and then 1.8.
    assert averages == pytest.approx([1.9, 0.75 * 1.9 + 0.25 * 1.8], rel=1e-6)
    assert float(weight) == pytest.approx(1.8)


def test_no_decay_and_no_average_cost_nothing() -> None:
    optimizer = build_optimizer(OptimizerSettings(name="sgd", momentum=0), RATE)
    assert optimizer.weight_decay is None
    optimizer.build([keras.Variable(START)])
    assert len(optimizer.variables) == 2  # iterations and rate


def test_the_rate_follows_its_schedule() -> None:
    schedule = keras.optimizers.schedules.PiecewiseConstantDecay([0], [1.0, 0.25])
    optimizer = build_optimizer(OptimizerSettings(name="sgd", momentum=0), schedule)
    weight = keras.Variable(START)
    for expected in (1.0, 0.75):
        optimizer.apply([tf.constant(1.0)], [weight])
        assert float(weight) == pytest.approx(expected)
