from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import get_args

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.trainer.optimization.two_layers import LABELS, PIXELS, two_layers
from trainer.optimization.optimizers import build_optimizer
from trainer.optimization.settings import OptimizerName, OptimizerSettings

NAMES = get_args(OptimizerName)
ROOT = Path(__file__).parents[3]


def _variables(start: float) -> list[keras.Variable]:
    return [keras.Variable(start, name=name) for name in ("slow", "fast")]


def _apply(optimizer: keras.Optimizer, variables: list[keras.Variable], gradient: float) -> list[float]:
    optimizer.apply([tf.constant(gradient)] * len(variables), variables)
    return [float(variable) for variable in variables]


@pytest.mark.parametrize("name", NAMES)
def test_a_factor_of_a_half_halves_each_step(name: str) -> None:
    variables = _variables(0.0)
    momentum = {"momentum": 0.9} if name in ("sgd", "rmsprop") else {}
    settings = OptimizerSettings.model_validate({"name": name, "weight_decay": 0, **momentum})
    optimizer = build_optimizer(settings, 0.1, [0.5, 1.0])
    for gradient in (1.0, -3.0, 0.5):
        slow, fast = _apply(optimizer, variables, gradient)
        assert fast != 0
        assert slow == pytest.approx(0.5 * fast, rel=1e-6)


@pytest.mark.parametrize("name", NAMES)
def test_a_factor_scales_the_decay_too(name: str) -> None:
    variables = _variables(2.0)
    settings = OptimizerSettings(name=name, weight_decay=0.1)
    slow, fast = _apply(build_optimizer(settings, 0.1, [0.5, 1.0]), variables, 0.0)
    assert fast == pytest.approx(2 - 2 * 0.1 * 0.1)
    assert slow == pytest.approx(2 - 2 * 0.1 * 0.05)


@pytest.mark.parametrize("name", NAMES)
def test_without_factors_each_step_is_that_of_keras(name: str) -> None:
    settings = OptimizerSettings(name=name, weight_decay=0.1, clip_norm=2.0, ema=0.5)
    own, keras_own = _variables(2.0), _variables(2.0)
    ours, theirs = build_optimizer(settings, 0.1, [1.0, 1.0]), build_optimizer(settings, 0.1)
    assert type(theirs).__module__.startswith("keras.")
    for gradient in (1.0, -3.0, 0.5):
        assert _apply(ours, own, gradient) == pytest.approx(_apply(theirs, keras_own, gradient), rel=1e-6)


def test_a_lower_rate_from_outside_is_scaled_alike() -> None:
    optimizer = build_optimizer(OptimizerSettings(name="sgd", momentum=0), 0.1, [0.5, 1.0])
    variables = _variables(0.0)
    optimizer.learning_rate = 0.01
    assert _apply(optimizer, variables, 1.0) == pytest.approx([-0.005, -0.01])


def test_a_scaled_loss_leaves_the_steps_as_they_are() -> None:
    inner = build_optimizer(OptimizerSettings(name="sgd", momentum=0), 0.1, [0.5, 1.0])
    variables = _variables(0.0)
    optimizer = keras.optimizers.LossScaleOptimizer(inner, initial_scale=1024.0)
    assert _apply(optimizer, variables, 1024.0) == pytest.approx([-0.05, -0.1])


@pytest.mark.parametrize("name", NAMES)
def test_an_optimizer_made_from_its_own_config_takes_the_same_steps(name: str) -> None:
    first = build_optimizer(OptimizerSettings(name=name, weight_decay=0.1), 0.1, [0.5, 1.0])
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(first))
    own, other = _variables(2.0), _variables(2.0)
    assert _apply(first, own, 1.0) == _apply(again, other, 1.0)
    assert float(own[0]) != float(own[1])


def test_a_saved_model_keeps_its_layer_rates(tmp_path: Path) -> None:
    model = two_layers()
    factors = [0.25, 1.0, 1.0, 1.0]
    model.compile(build_optimizer(OptimizerSettings(), 0.1, factors), "mse", jit_compile=False)
    model.train_on_batch(PIXELS, LABELS)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    for each in (model, loaded):
        each.train_on_batch(PIXELS, LABELS)
    for one, other in zip(model.get_weights(), loaded.get_weights(), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-6)


def test_a_compiled_step_is_the_same_step() -> None:
    results = []
    for jit in (False, True):
        model = two_layers()
        factors = [0.25, 1.0, 1.0, 1.0]
        settings = OptimizerSettings(name="adamw", ema=0.9, clip_norm=1.0)
        model.compile(build_optimizer(settings, 0.1, factors), "mse", jit_compile=jit)
        for _ in range(3):
            model.train_on_batch(PIXELS, LABELS)
        results.append(model.get_weights())
    for plain, compiled in zip(*results, strict=True):
        np.testing.assert_allclose(compiled, plain, rtol=1e-4, atol=1e-6)


# In a process of its own, because a CPU can be divided in two only before TensorFlow has used it.
_TWO_REPLICAS = """
import numpy as np, tensorflow as tf
cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
from tests.trainer.optimization.two_layers import LABELS, PIXELS, two_layers
from trainer.optimization.optimizers import build_optimizer
from trainer.optimization.settings import OptimizerSettings

def trained(strategy, factor):
    with strategy.scope():
        model = two_layers()
        start = model.get_weights()[0]
        factors = [factor, 1.0, 1.0, 1.0]
        settings = OptimizerSettings(name="sgd", momentum=0.0, weight_decay=0.1, ema=0.5, clip_norm=1.0)
        model.compile(build_optimizer(settings, 0.1, factors), "mse", jit_compile=False)
    model.train_on_batch(PIXELS, LABELS)
    return model.get_weights()[0] - start

alone = trained(tf.distribute.get_strategy(), 0.25)
together = trained(tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"]), 0.25)
np.testing.assert_allclose(together, alone, rtol=1e-3)
np.testing.assert_allclose(trained(tf.distribute.get_strategy(), 1.0), 4 * alone, rtol=1e-3)
"""


def test_two_replicas_take_the_step_of_one() -> None:
    run = subprocess.run([sys.executable, "-c", _TWO_REPLICAS], cwd=ROOT, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr[-2000:]
