from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf

from trainer.training_run import compiling
from trainer.training_run.compiling import compile_quickest


def _model() -> keras.Model:
    keras.utils.set_random_seed(0)
    return keras.Sequential(
        [
            keras.Input((4,)),
            keras.layers.Dense(8),
            keras.layers.BatchNormalization(),
            keras.layers.Dropout(0.5),
            keras.layers.Dense(2, activation="softmax"),
        ]
    )


BATCHES = tf.data.Dataset.from_tensors((tf.ones((3, 4)), tf.one_hot([0, 1, 1], 2))).repeat(5)


def _compile(model: keras.Model, jit: bool) -> None:
    model.compile(
        optimizer="adam",
        loss="categorical_crossentropy",
        metrics=["accuracy"],
        jit_compile=jit,
        steps_per_execution=2,
    )
    model.optimizer.build(model.trainable_variables)


@pytest.mark.parametrize(("compiled", "quicker"), [(0.001, True), (0.9, False)])
def test_measuring_leaves_no_trace_but_the_choice(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, compiled: float, quicker: bool
) -> None:
    caplog.set_level("INFO")
    real = compiling._seconds_a_step

    def timed(model: keras.Model, batches: tf.data.Dataset) -> float:
        assert real(model, batches) > 0
        return compiled if model.jit_compile else 0.01

    monkeypatch.setattr(compiling, "_seconds_a_step", timed)
    model = _model()
    before = [variable.numpy() for variable in model.variables]
    assert (
        compile_quickest(model, lambda jit: _compile(model, jit), lambda: BATCHES, "auto", "phase 1")
        is quicker
    )
    assert model.jit_compile is quicker
    for variable, value in zip(model.variables, before, strict=True):
        np.testing.assert_array_equal(variable.numpy(), value)
    assert int(model.optimizer.iterations) == 0
    assert all(not np.any(variable.numpy()) for variable in model.optimizer.variables[2:])
    assert float(model.metrics[0].result()) == 0
    assert ("so they are compiled" if quicker else "not compiled") in caplog.text


def test_nothing_is_measured_when_the_setting_says_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(compiling, "_seconds_a_step")
    model = _model()
    for setting, jit in (("on", True), ("off", False)):
        assert (
            compile_quickest(model, lambda jit: _compile(model, jit), lambda: BATCHES, setting, "phase 1")
            is jit
        )
        assert model.jit_compile is jit
