"""Compiling a phase's training step with XLA where that was measured to be quicker."""

from __future__ import annotations

import math
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final, Literal

import keras
import tensorflow as tf

from components.contract import ConfigError
from components.progress import report_progress
from trainer.images.untuned import untuned
from trainer.optimization.xla import choose_jit

# Measuring took as long as 150 steps of small_cnn at 32 pixels, and as 84 of MobileNet 0.25 at 224 pixels, on
# two cores, most of it in the compiler. A gain of a fifth earns 150 steps back in 750.
WORTH_MEASURING: Final = 1000
# The first call traces and compiles; the quickest of the others counts.
_CALLS: Final = 3
# In TensorFlow's words, for processors and GPUs.
_REFUSED: Final = re.compile(r"No registered '(\w+)' OpKernel for XLA_")


def compile_quickest(
    model: keras.Model,
    compile_model: Callable[[bool], None],
    batches: Callable[[], tf.data.Dataset],
    setting: Literal["auto", "on", "off"],
    name: str,
) -> bool:
    """Compiles a model the way in which its training step is quicker.

    Measuring leaves no trace: weights, statistics and the states of random layers are as they were before,
    and optimizer and metrics are new.

    Args:
        model: what is trained; its layers have their weights.
        compile_model: calls `Model.compile` with a new optimizer; the argument is `jit_compile`.
        batches: makes some as `Model.fit` takes them; the first is what is measured with; `auto` alone asks.
        setting: `training.xla`.
        name: of the phase.

    Returns:
        Whether XLA compiles the step.
    """
    times: dict[bool, float] = {}

    def time_step(jit: bool) -> float:
        compile_model(jit)
        # Keras turns it off again for layers that XLA does not know.
        times[jit] = _seconds_a_step(model, batches()) if model.jit_compile == jit else math.inf
        return times[jit]

    before = [variable.numpy() for variable in model.variables]
    jit = choose_jit(setting, time_step)
    if setting == "auto":
        for variable, value in zip(model.variables, before, strict=True):
            variable.assign(value)
        report_progress(f"{name}: {_told(jit, times)}")
    compile_model(jit)
    return jit


@contextmanager
def refusal_in_words(name: str) -> Iterator[None]:
    """Turns XLA's pages about an operation that it cannot compile into what a user can do.

    Args:
        name: of the phase.

    Raises:
        ConfigError: there was such an operation.
    """
    try:
        yield
    except tf.errors.InvalidArgumentError as error:
        refused = _REFUSED.search(error.message)
        if refused is None:
            raise
        raise ConfigError(
            f"training.xla is 'on', and XLA cannot compile the steps of {name}, which include the operation "
            f"{refused[1]}, as resizing for backbones of different sizes does. Set training.xla to auto or "
            "off."
        ) from error


def _told(jit: bool, times: dict[bool, float]) -> str:
    if math.isinf(times.get(True, math.inf)):
        return "XLA cannot compile its steps, which are left as they are"
    outcome = "so they are compiled" if jit else "so they are not compiled"
    return (
        f"steps take {1000 * times[True]:.3g} ms compiled with XLA and {1000 * times[False]:.3g} ms without, "
        f"{outcome}"
    )


def _seconds_a_step(model: keras.Model, batches: tf.data.Dataset) -> float:
    (batch,) = batches.take(1)
    clock = _Clock()
    model.fit(
        untuned(tf.data.Dataset.from_tensors(batch).repeat()),
        steps_per_epoch=model.steps_per_execution,
        epochs=_CALLS,
        shuffle=False,
        verbose=0,
        callbacks=[clock],
    )
    return min(clock.seconds[1:]) / model.steps_per_execution


class _Clock(keras.callbacks.Callback):
    """How long each epoch takes, in seconds."""

    def __init__(self) -> None:
        super().__init__()
        self.seconds: list[float] = []
        self._started = 0.0

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        self._started = time.perf_counter()

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        self.seconds.append(time.perf_counter() - self._started)
