from __future__ import annotations

from typing import Any

import pytest

from trainer.settings import TrainingSettings
from trainer.training_run.without_effect import without_effect

HEAD, ALL = {"train": "head"}, {"train": "all"}


@pytest.mark.parametrize(
    ("phases", "ops", "views", "told"),
    [
        ([HEAD], [], 1, None),
        ([HEAD, ALL], ["flip"], 1, None),
        ([HEAD], ["flip"], 3, None),
        ([HEAD, ALL], ["flip"], 3, None),
        ([HEAD], ["flip"], 1, "training.augmentation changes nothing"),
        ([HEAD], [], 3, "no op that would make views differ"),
        ([HEAD, ALL], ["mixup"], 3, "no op that would make views differ"),
        ([ALL], ["flip"], 3, "no phase trains only the head"),
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
