"""What is watched while a phase runs."""

from __future__ import annotations

import math
import time
from typing import Any

import keras

from components.contract import ConfigError
from components.progress import report_progress
from trainer.model.classifier import Classifier


class DivergedError(ConfigError):
    """The loss stopped being a number: the settings ask for steps that are too large.

    Attributes:
        best: the classifier as it was in the best epoch before, on one device; None if there was none.
    """

    def __init__(self, message: str, best: Classifier | None = None) -> None:
        """Says what happened.

        Args:
            message: for the user.
            best: see the attribute.
        """
        super().__init__(message)
        self.best = best


class BestEpoch(keras.callbacks.EarlyStopping):
    """Keras' early stopping, for which an epoch that came to no number is worse than any that did.

    By itself it takes a first such epoch for the best, and nothing is better than what is no number.
    """

    def get_monitor_value(self, logs: dict[str, Any] | None) -> float | None:
        """The monitored figure, infinitely bad where it is no number."""
        value: float | None = super().get_monitor_value(logs)
        if value is None or not math.isnan(value):
            return value
        return math.inf if self.mode == "min" else -math.inf


class EpochLine(keras.callbacks.Callback):
    """One line an epoch."""

    def __init__(self, phase: str, epochs: int) -> None:
        """Reports nothing yet.

        Args:
            phase: what to call it.
            epochs: how many there are in the phase.
        """
        super().__init__()
        self._phase, self._epochs = phase, epochs

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Reports the epoch's figures."""
        figures = logs or {}
        report_progress(
            f"{self._phase}: epoch {epoch + 1}/{self._epochs}, "
            f"loss {figures['loss']:.3f} (eval {figures['val_loss']:.3f}), "
            f"accuracy {figures['accuracy']:.3f} (eval {figures['val_accuracy']:.3f})"
        )


class StopWhenDiverged(keras.callbacks.Callback):
    """Ends training at the step whose loss is not a finite number."""

    def __init__(self, phase: str, rate_key: str, clip_key: str) -> None:
        """Watches nothing yet.

        Args:
            phase: what to call it.
            rate_key, clip_key: of its learning rate and its longest gradient in the configuration, dotted.
        """
        super().__init__()
        self._phase, self._rate_key, self._clip_key = phase, rate_key, clip_key
        self._epoch = 0

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Notes the epoch."""
        self._epoch = epoch

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Looks at the loss so far in the epoch, which no later step makes finite again.

        Raises:
            DivergedError: it is not finite.
        """
        loss = (logs or {}).get("loss", 0.0)
        if not math.isfinite(loss):
            # Steps that run without a word from Python come with the loss of the last of them.
            first = batch + 2 - self.model.steps_per_execution
            steps = f"at step {batch + 1}" if first > batch else f"in one of the steps {first} to {batch + 1}"
            raise DivergedError(
                f"Training diverged: the loss is {loss} {steps} of epoch {self._epoch + 1} of "
                f"{self._phase}. Lower {self._rate_key}, or limit the steps with {self._clip_key}, such as "
                "1.0."
            )


class TimeLimit(keras.callbacks.Callback):
    """Ends a phase at the end of the epoch in which the time is up."""

    def __init__(self, until: float) -> None:
        """Starts no clock.

        Args:
            until: on the clock of `time.monotonic`, seconds.
        """
        super().__init__()
        self._until = until

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Looks at the clock."""
        if time.monotonic() >= self._until:
            report_progress("the time is up: training ends here")
            self.model.stop_training = True
