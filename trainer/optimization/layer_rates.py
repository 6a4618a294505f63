"""Keras' optimizers with a learning rate for each variable.

Scaling the gradients would not do it: Adam and its relatives divide by their size. So what is scaled is the
rate that an optimizer's `update_step` is given, in which the step of each of these is linear, momentum
included. Keras' MultiOptimizer, one optimizer a group, would clip each group's gradient by a norm of its own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import keras


class _LayerRates(keras.optimizers.Optimizer):
    """The part that all of them share; it comes before an optimizer in a class' bases."""

    def __init__(self, *, factors: Sequence[float], **settings: Any) -> None:
        """Makes the optimizer.

        Args:
            factors: on the rate of each variable that it is built for, in their order: paths would not tell
                the variables of two backbones apart whose layers have the same names.
            settings: of the optimizer behind it.
        """
        super().__init__(**settings)
        # A list that an optimizer holds is taken for a part of its checkpoints.
        self._factors = tuple(factors)

    def build(self, variables: Sequence[Any]) -> None:
        """Makes the optimizer's variables.

        Raises:
            ValueError: there are not as many of them as factors.
        """
        if len(variables) != len(self._factors):
            raise ValueError(f"{len(self._factors)} factors for {len(variables)} variables")
        super().build(variables)

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """Takes one variable's step, decay included, at its own rate."""
        # Under tf.distribute the variable is one replica's copy, which has no path; its index is the same.
        factor = self._factors[self._get_variable_index(variable)]
        rate = keras.ops.cast(learning_rate, variable.dtype) * factor
        if self.weight_decay is not None:
            self.assign_sub(variable, variable * self.weight_decay * rate)
        super().update_step(gradient, variable, rate)

    def _apply_weight_decay(self, variables: Sequence[Any]) -> None:
        """Leaves the decay to `update_step`, which knows the variable's rate."""

    def get_config(self) -> dict[str, Any]:
        """What `from_config` makes the same optimizer from."""
        return {**super().get_config(), "factors": list(self._factors)}


@keras.saving.register_keras_serializable(package="imgclf")
class LayerRateSGD(_LayerRates, keras.optimizers.SGD):
    """SGD with a rate for each variable."""


@keras.saving.register_keras_serializable(package="imgclf")
class LayerRateAdam(_LayerRates, keras.optimizers.Adam):
    """Adam with a rate for each variable."""


@keras.saving.register_keras_serializable(package="imgclf")
class LayerRateAdamW(_LayerRates, keras.optimizers.AdamW):
    """AdamW with a rate for each variable."""


@keras.saving.register_keras_serializable(package="imgclf")
class LayerRateRMSprop(_LayerRates, keras.optimizers.RMSprop):
    """RMSprop with a rate for each variable."""


@keras.saving.register_keras_serializable(package="imgclf")
class LayerRateAdadelta(_LayerRates, keras.optimizers.Adadelta):
    """Adadelta with a rate for each variable."""


WITH_LAYER_RATES: Final[Mapping[type, type]] = {
    keras.optimizers.SGD: LayerRateSGD,
    keras.optimizers.Adam: LayerRateAdam,
    keras.optimizers.AdamW: LayerRateAdamW,
    keras.optimizers.RMSprop: LayerRateRMSprop,
    keras.optimizers.Adadelta: LayerRateAdadelta,
}
