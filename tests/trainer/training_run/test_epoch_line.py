"""What is said of each epoch."""

from __future__ import annotations

import pytest

from trainer.training_run.callbacks import EpochLine


def test_both_figures_are_those_of_both_splits(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", "imgclf.progress")
    figures = {"loss": 0.5, "accuracy": 0.75, "val_loss": 0.625, "val_accuracy": 0.7, "learning_rate": 0.1}
    EpochLine("phase 1, head", 10).on_epoch_end(2, figures)
    assert caplog.messages == [
        "phase 1, head: epoch 3/10, loss 0.500 (eval 0.625), accuracy 0.750 (eval 0.700)"
    ]
