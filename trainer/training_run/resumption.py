"""Going on in the middle of a phase as if nothing had happened."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import keras

from trainer.training_run.saved_state import SavedState

# What callbacks remember from epoch to epoch, apart from weights.
_REMEMBERED: Final = (
    "best",
    "best_epoch",
    "wait",
    "stopped_epoch",
    "cooldown_counter",
    "rows",
    # Whether the model holds the weights' averages at the time, and the optimizer the weights.
    "_ema_weights_in_model",
)


class Resumption(keras.callbacks.Callback):
    """Saves all that the next epoch depends on at the end of each, and restores it; the last of callbacks.

    Keras' BackupAndRestore brings back weights and optimizer, but not what
    early stopping and the learning rate's reduction have seen so far, nor
    the states of random layers: the run would go on, but not as it would have.

    Attributes:
        compiled: whether XLA compiles the training step; None until that is decided.
    """

    def __init__(self, path: Path, others: Sequence[keras.callbacks.Callback]) -> None:
        """Reads the state, if there is one.

        Args:
            path: of the state.
            others: callbacks whose state belongs to it.
        """
        super().__init__()
        self._path = path
        self._others = others
        self._state = SavedState.load(path)
        self.compiled: bool | None = None if self._state is None else self._state.figures["compiled"]

    @property
    def initial_epoch(self) -> int:
        """Number of the first epoch that is still to be run."""
        return 0 if self._state is None else int(self._state.figures["epochs"])

    @property
    def stopped(self) -> bool:
        """Whether the phase was over by then."""
        return self._state is not None and bool(self._state.figures["stopped"])

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Restores what was saved; the others have reset themselves by now."""
        if self._state is None:
            return
        for variable, value in zip(self._variables(), self._state.arrays["variables"], strict=True):
            variable.assign(value)
        for position, other in enumerate(self._others):
            for name, value in self._state.figures["others"][position].items():
                setattr(other, name, value)
            if best := self._state.arrays.get(f"best weights {position}"):
                other.best_weights = list(best)

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Saves."""
        others: list[dict[str, Any]] = []
        arrays = {"variables": [variable.numpy() for variable in self._variables()]}
        for position, other in enumerate(self._others):
            others.append(
                {
                    name: value if value is None or isinstance(value, list) else float(value)
                    for name in _REMEMBERED
                    if (value := getattr(other, name, self)) is not self
                }
            )
            if getattr(other, "best_weights", None) is not None:
                arrays[f"best weights {position}"] = other.best_weights
        figures = {
            "epochs": epoch + 1,
            "stopped": self.model.stop_training,
            "compiled": self.compiled,
            "others": others,
        }
        SavedState(figures, arrays).save(self._path)

    def _variables(self) -> list[Any]:
        return [*self.model.variables, *self.model.optimizer.variables]
