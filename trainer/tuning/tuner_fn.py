"""The Tuner component's entry."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import attr
from tfx.components.trainer import fn_args_utils
from tfx.components.tuner.component import TunerFnResult

from components.contract import HISTORY_FILE, ConfigError
from trainer.train import opened_splits, train
from trainer.train_request import TrainRequest, train_request, training_key, with_tuned_values
from trainer.training_run.eval_figures import EvalFigures
from trainer.training_run.fit import Splits
from trainer.tunable_settings import TunableSettings
from trainer.tuning.finished_trials import FinishedTrials
from trainer.tuning.oracles import build_oracle
from trainer.tuning.settings import TuningSettings
from trainer.tuning.settings_tuner import RunTrial, SettingsTuner
from trainer.tuning.trial_length import most_epochs

_NO_EPOCH: Final = "No epoch was trained. Raise training.epochs, the phases' own, or training.max_minutes."
_NO_NUMBER: Final = "The loss on the eval split was no number in any epoch. Lower the learning rates."


def tuner_fn(fn_args: fn_args_utils.FnArgs) -> TunerFnResult:
    """The search that TFX's Tuner asks for.

    Args:
        fn_args: its `custom_config` is that of the Trainer, with `tuning` besides.
    """
    folder = Path(fn_args.working_dir)
    # Trials write their history and scratch files there, and export nothing.
    places = {"serving_model_dir": str(folder / "model" / "none"), "model_run_dir": str(folder / "run")}
    request = train_request(attr.evolve(fn_args, **places), fn_args.custom_config)
    tuning = TuningSettings.model_validate(fn_args.custom_config["tuning"])
    return TunerFnResult(tuner=build_tuner(request, tuning, folder), fit_kwargs={})


def build_tuner(request: TrainRequest, tuning: TuningSettings, folder: Path) -> SettingsTuner:
    """A tuner that trains with the user's settings, and others in some places.

    Args:
        request: what would be trained without tuning.
        tuning: the search.
        folder: of KerasTuner's notes.
    """

    @contextmanager
    def opened() -> Iterator[RunTrial]:
        with opened_splits(request) as (splits, _):
            yield lambda values: run_trial(request, tuning.max_epochs, splits, values)

    settings = TunableSettings(model=request.model, training=request.training)
    return SettingsTuner(build_oracle(tuning, settings, request.seed), opened, folder)


def run_trial(
    request: TrainRequest, max_epochs: int | None, splits: Splits, values: Mapping[str, Any]
) -> EvalFigures:
    """Trains as the Trainer would with these values, unless the same was done before.

    Args:
        request: what would be trained without tuning.
        max_epochs: of all phases together; None leaves them as they are.
        splits: images, of the size that `request` asks for.
        values: dotted key → value.

    Returns:
        What the model that the Trainer would export comes to on the eval split.

    Raises:
        ConfigError: the settings refuse the values, training with them failed, or it came to nothing.
    """
    tried = with_tuned_values(request, values)
    if tried.model.input_size != request.model.input_size:
        raise ConfigError(
            f"Images are resized once for all trials, to {request.model.input_size} pixels, and this would "
            f"take {tried.model.input_size}."
        )
    epochs = most_epochs(tried.training, max_epochs)
    tried = replace(tried, training=tried.training.model_copy(update={"epochs": epochs}))
    finished = FinishedTrials(request.cache_dir / "trials")
    key = training_key(tried, splits)
    figures = finished.find(key)
    if figures is None:
        with tempfile.TemporaryDirectory(dir=request.run_dir) as scratch:
            history = Path(scratch) / HISTORY_FILE
            _, figures = train(tried, splits, history)
            if figures is None:
                raise ConfigError(_NO_NUMBER if history.exists() else _NO_EPOCH)
        finished.add(key, figures)
    return figures
