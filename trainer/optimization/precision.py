"""Which numbers a model computes with."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, Literal

import keras
import tensorflow as tf

# The first that multiplies matrices of float16 in hardware made for it (Micikevicius et al. 2018).
_TENSOR_CORES: Final = (7, 0)


def mixed_precision_policy(setting: Literal["auto", "on", "off"]) -> str:
    """Chooses Keras' dtype policy.

    A GPU computes in float16, which is quick from compute capability 7.0 on; `Model.compile` then scales the
    loss, so that small gradients do not vanish. A CPU has no arithmetic of float16, and takes many times as
    long. It gets bfloat16, which has the range of float32 and needs no scaling; that saves memory, but is
    seldom quicker, even with instructions for it, so `auto` leaves a CPU alone.

    Args:
        setting: `auto` is on where there are GPUs and all of them have compute capability 7.0.

    Returns:
        `float32`, `mixed_float16` or `mixed_bfloat16`.
    """
    gpus = tf.config.list_physical_devices("GPU")
    if setting == "off" or (setting == "auto" and not (gpus and all(map(_has_tensor_cores, gpus)))):
        return "float32"
    return "mixed_float16" if gpus else "mixed_bfloat16"


@contextmanager
def dtype_policy(name: str) -> Iterator[None]:
    """Layers that are made meanwhile compute with these numbers.

    Args:
        name: of Keras' dtype policy.
    """
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(name)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


def _has_tensor_cores(gpu: tf.config.PhysicalDevice) -> bool:
    # What is no card of NVIDIA's has no such entry.
    return tf.config.experimental.get_device_details(gpu).get("compute_capability", (0, 0)) >= _TENSOR_CORES
