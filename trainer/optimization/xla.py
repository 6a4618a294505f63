"""Whether a training step is compiled."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Literal

import tensorflow as tf

# Compiling takes seconds to minutes, again for each shape, and has to earn that back.
_LEAST_GAIN: Final = 0.05


def choose_jit(setting: Literal["auto", "on", "off"], time_step: Callable[[bool], float]) -> bool:
    """Decides whether XLA compiles the training step.

    Args:
        setting: `auto` measures, and compiles if that is more than a twentieth quicker.
        time_step: whether to compile → seconds that a step takes, once it is compiled.

    Returns:
        What to pass to `Model.compile` as `jit_compile`. A step that XLA cannot compile is not compiled,
        unless the setting is `on`.
    """
    if setting != "auto":
        return setting == "on"
    # First as it is: what fails here fails for another reason than XLA.
    interpreted = time_step(False)
    try:
        compiled = time_step(True)
    except tf.errors.OpError:
        return False
    return compiled < (1 - _LEAST_GAIN) * interpreted
