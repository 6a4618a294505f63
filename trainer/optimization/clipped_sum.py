"""Keras' optimizers, clipping the gradient of the whole batch where each of several devices has a part."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras


class _ClippedSum(keras.optimizers.Optimizer):
    """Comes before an optimizer in a class' bases.

    Keras clips what each device brings to the sum. Such parts point in different directions, so a sum of
    parts that are short enough is shorter than it may be, and parts of a sum that is short are shortened.
    """

    def _clip_gradients(self, grads: Sequence[Any]) -> Sequence[Any]:
        """Leaves the parts to be summed."""
        return grads

    def _all_reduce_sum_gradients(self, grads_and_vars: Sequence[tuple[Any, Any]]) -> list[tuple[Any, Any]]:
        """The sums, clipped, which each device has after that."""
        summed, variables = zip(*super()._all_reduce_sum_gradients(grads_and_vars), strict=True)
        return list(zip(super()._clip_gradients(list(summed)), variables, strict=True))


def clipping_the_sum(optimizer: type) -> type:
    """The same optimizer, for models on several devices.

    Args:
        optimizer: class of a Keras optimizer.

    Returns:
        A class that Keras cannot load, so not for a model that is saved.
    """
    return type(f"ClippedSum{optimizer.__name__}", (_ClippedSum, optimizer), {})
