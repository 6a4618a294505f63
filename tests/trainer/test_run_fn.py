from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.conftest import Trial
from tests.trainer.stripes_request import stripes_request
from trainer.model.saved_classifier import saved_labels
from trainer.model.warm_start import load_source
from trainer.run_fn import train_and_export
from trainer.settings import TrainingSettings
from trainer.training_run.callbacks import DivergedError


def test_of_a_training_that_diverges_a_model_is_kept_that_another_can_start_from(
    trial: Trial, tmp_path: Path
) -> None:
    # The first of its steps, an epoch each, is one of nothing, and the second ruins the model.
    training = {
        "batch_size": 128,
        "phases": [{"train": "all", "epochs": 5, "learning_rate": 1e38}],
        "schedule": {"name": "constant", "warmup_epochs": 4},
        "optimizer": {"name": "sgd"},
    }
    request = stripes_request(trial, tmp_path, TrainingSettings.model_validate(training))
    with pytest.raises(DivergedError) as caught:
        train_and_export(request)
    (kept,) = (tmp_path / "cache" / "diverged").glob("*/model.keras")
    assert str(kept) in str(caught.value)
    assert saved_labels(kept) == request.labels
    assert all(np.isfinite(weights).all() for weights in load_source(kept).get_weights())
