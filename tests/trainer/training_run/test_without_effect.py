from __future__ import annotations

from typing import Any

import pytest

from trainer.settings import TrainingSettings
from trainer.training_run.without_effect import without_effect

HEAD, ALL = {"train": "head"}, {"train": "all"}
NO_HEAD, NO_ALL = {**HEAD, "epochs": 0}, {**ALL, "epochs": 0}


@pytest.mark.parametrize(
    ("phases", "ops", "views", "told"),
    [
        ([HEAD], [], 1, None),
        ([HEAD, ALL], ["flip"], 1, None),
        ([ALL], ["flip"], 1, None),
        ([HEAD], ["flip"], 3, None),
        ([HEAD, ALL], ["flip"], 3, None),
        ([HEAD], ["flip"], 1, "training.augmentation changes nothing"),
        ([HEAD], [], 2, "no op that would make views differ"),
        ([HEAD, ALL], ["mixup"], 3, "no op that would make views differ"),
        ([ALL], ["flip"], 2, "no phase trains only the head"),
        ([HEAD, NO_ALL], ["flip"], 1, "training.augmentation changes nothing"),
        ([NO_HEAD, ALL], ["flip"], 3, "no phase trains only the head"),
        ([NO_HEAD], ["flip"], 1, None),
    ],
)
def test_what_does_nothing_is_told(
    phases: list[dict[str, Any]], ops: list[str], views: int, told: str | None
) -> None:
    settings = TrainingSettings.model_validate(
        {"phases": phases, "feature_views": views, "augmentation": {"ops": [{"op": name} for name in ops]}}
    )
    sentence = without_effect(settings)
    assert (sentence is None) if told is None else (sentence is not None and told in sentence)


def test_a_phase_that_is_cut_off_sees_nothing() -> None:
    settings = {"phases": [HEAD, ALL], "augmentation": {"preset": "light"}}
    assert without_effect(TrainingSettings.model_validate({**settings, "epochs": 11})) is None
    told = without_effect(TrainingSettings.model_validate({**settings, "epochs": 10}))
    assert told is not None and "training.augmentation changes nothing" in told
