from __future__ import annotations

import subprocess
import sys

import pytest
from pydantic import ValidationError

from components.settings import Settings
from trainer.optimization.settings import LayerRate, LossSettings, OptimizerSettings, ScheduleSettings

ACCEPTED: list[tuple[type[Settings], dict]] = [
    (LossSettings, {}),
    (LossSettings, {"label_smoothing": 0.1}),
    (LossSettings, {"name": "focal", "gamma": 0, "label_smoothing": 0.1}),
    (OptimizerSettings, {}),
    (OptimizerSettings, {"name": "sgd", "momentum": 0.8, "nesterov": True}),
    (OptimizerSettings, {"name": "sgd", "nesterov": True}),
    (OptimizerSettings, {"name": "rmsprop", "momentum": 0}),
    (OptimizerSettings, {"name": "adadelta", "weight_decay": 0.1, "clip_norm": 2, "ema": 0.99}),
    (ScheduleSettings, {}),
    (ScheduleSettings, {"name": "constant", "warmup_epochs": 0.5}),
    (ScheduleSettings, {"name": "cosine", "warmup_epochs": 3}),
    (ScheduleSettings, {"name": "step", "at_epochs": [30, 60], "factor": 0.1, "warmup_epochs": 1}),
    (ScheduleSettings, {"name": "step", "at_epochs": [1], "warmup_epochs": 0.5}),
    (ScheduleSettings, {"name": "exponential", "factor": 0.95, "warmup_epochs": 1}),
    (ScheduleSettings, {"name": "plateau", "factor": 0.5, "patience": 3}),
    (LayerRate, {"layers": "last 20 layers", "factor": 0.1}),
]
REFUSED: list[tuple[type[Settings], dict, str]] = [
    (LossSettings, {"gamma": 2.0}, "gamma is for focal, and does nothing with cross_entropy; leave it out"),
    (OptimizerSettings, {"momentum": 0.9}, "momentum is for sgd and rmsprop, and does nothing with adam"),
    (OptimizerSettings, {"name": "adamw", "momentum": 0}, "momentum is for sgd and rmsprop"),
    (OptimizerSettings, {"name": "rmsprop", "nesterov": True}, "nesterov is for sgd, and does nothing with"),
    (OptimizerSettings, {"name": "sgd", "momentum": 0, "nesterov": True}, "nesterov does nothing when momen"),
    (OptimizerSettings, {"name": "adagrad"}, "'rmsprop' or 'adadelta'"),
    (OptimizerSettings, {"ema": 1}, "less than 1"),
    (ScheduleSettings, {"factor": 0.5}, "factor is for step, exponential and plateau, and does nothing with"),
    (ScheduleSettings, {"name": "constant", "patience": 2}, "patience is for plateau"),
    (ScheduleSettings, {"name": "exponential", "at_epochs": [1]}, "at_epochs is for step"),
    (
        ScheduleSettings,
        {"name": "plateau", "warmup_epochs": 1},
        "warmup_epochs is for constant, cosine, step",
    ),
    (ScheduleSettings, {"name": "step"}, "step needs at_epochs"),
    (ScheduleSettings, {"name": "step", "at_epochs": [2, 2]}, "[2, 2] has to rise from each epoch"),
    (ScheduleSettings, {"name": "step", "at_epochs": [0, 2]}, "greater than or equal to 1"),
    (
        ScheduleSettings,
        {"name": "step", "at_epochs": [3, 6], "warmup_epochs": 3},
        "at_epochs begins with 3, but warmup_epochs is 3; name epochs after the warm-up, or shorten it",
    ),
    (ScheduleSettings, {"name": "exponential", "factor": 1}, "less than 1"),
    (ScheduleSettings, {"name": "plateau", "patience": 0}, "greater than or equal to 1"),
    (LayerRate, {"factor": 0}, "greater than 0"),
]


@pytest.mark.parametrize(("kind", "given"), ACCEPTED)
def test_what_fits_is_taken_and_stays_valid_when_written_out_whole(kind: type[Settings], given: dict) -> None:
    settings = kind.model_validate(given)
    assert kind.model_validate(settings.model_dump(mode="json")) == settings


@pytest.mark.parametrize(("kind", "given", "message"), REFUSED)
def test_what_does_not_fit_is_refused(kind: type[Settings], given: dict, message: str) -> None:
    with pytest.raises(ValidationError) as error:
        kind.model_validate(given)
    assert message in str(error.value)


def test_settings_load_no_framework() -> None:
    code = (
        "import sys, trainer.optimization.settings\n"
        "sys.exit(bool({'tensorflow', 'keras'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
