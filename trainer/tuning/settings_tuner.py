"""KerasTuner's loop around this project's own training."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import keras_tuner

from components.contract import ConfigError
from components.progress import report_progress
from trainer.training_run.eval_figures import EvalFigures
from trainer.tunable_settings import decode_values

RunTrial = Callable[[Mapping[str, Any]], EvalFigures]


class SettingsTuner(keras_tuner.engine.base_tuner.BaseTuner):
    """Tries combinations of settings, and keeps count of what they come to."""

    def __init__(
        self, oracle: keras_tuner.Oracle, opened: Callable[[], AbstractContextManager[RunTrial]], folder: Path
    ) -> None:
        """Tries nothing yet.

        Args:
            oracle: chooses the combinations.
            opened: for the length of a search, what trains with values at dotted keys of the configuration.
                It raises a ConfigError for values that the settings refuse or that cannot be trained with.
            folder: of KerasTuner's own notes.
        """
        super().__init__(oracle, directory=str(folder), project_name="search", overwrite=True)
        self._opened = opened
        self._run: RunTrial | None = None
        self._failure = ""

    def search(self) -> None:
        """Tries one combination after another.

        Raises:
            ConfigError: each of them failed.
            Exception: whatever else ended a trial, as it was raised.
        """
        with self._opened() as self._run:
            try:
                super().search()
            except keras_tuner.errors.FatalError as error:
                # By its class it is told whether a server that does not answer is to blame, say.
                fault = error.__cause__ or error
                raise fault from fault.__cause__
        self._run = None
        tried = self.oracle.trials.values()
        # KerasTuner would give a failed trial for the best one.
        if not any(trial.status == "COMPLETED" for trial in tried):
            raise ConfigError(
                f"Each of the {len(tried)} trials of the tuning failed. The last one: {self._failure} "
                "Change tuning.space."
            )

    def run_trial(self, trial: Any) -> float:
        """Trains with the values of a trial; called by KerasTuner.

        Args:
            trial: KerasTuner's Trial.

        Returns:
            The objective.

        Raises:
            FailedTrialError: the values cannot be trained with, and the search goes on.
            FatalError: anything else went wrong.
        """
        assert self._run is not None
        values = decode_values(trial.hyperparameters.values)
        told = ", ".join(f"{key} {value}" for key, value in values.items())
        name = f"trial {len(self.oracle.trials)} of {self.oracle.max_trials}"
        report_progress(f"{name}: {told}")
        try:
            figures = self._run(values)
        except ConfigError as error:
            self._failure = str(error)
            report_progress(f"{name} failed: {error}")
            raise keras_tuner.errors.FailedTrialError(str(error)) from error
        except Exception as error:
            # KerasTuner goes on after any other error, which would hide it.
            raise keras_tuner.errors.FatalError(f"{type(error).__name__}: {error}") from error
        value: float = getattr(figures, self.oracle.objective.name)
        report_progress(f"{name}: {self.oracle.objective.name} {value:.4f} on the eval split")
        return value
