from __future__ import annotations

from pathlib import Path

import pytest

from components.contract import ConfigError
from trainer.tuning.finished_trials import FinishedTrials, TrialResult, read_result


def _history(folder: Path, *rows: str) -> Path:
    (folder / "history.csv").write_text("\n".join(("val_accuracy,val_loss", *rows)) + "\n")
    return folder / "history.csv"


@pytest.mark.parametrize(("monitor", "best"), [("loss", (0.7, 0.5)), ("accuracy", (0.8, 0.6))])
def test_the_epoch_whose_weights_were_kept_counts(
    tmp_path: Path, monitor: str, best: tuple[float, float]
) -> None:
    history = _history(tmp_path, "0.6,0.9", "0.7,0.5", "0.8,0.6")
    assert read_result(history, monitor) == TrialResult(*best)


def test_an_epoch_that_is_no_number_is_not_the_best(tmp_path: Path) -> None:
    assert read_result(_history(tmp_path, "0.1,nan", "0.7,0.5"), "loss") == TrialResult(0.7, 0.5)
    with pytest.raises(ConfigError, match="no number in any epoch"):
        read_result(_history(tmp_path, "0.1,nan"), "loss")


def test_a_result_is_kept_under_its_key(tmp_path: Path) -> None:
    trials = FinishedTrials(tmp_path / "trials")
    assert trials.find("k") is None
    trials.add("k", TrialResult(0.7, 0.5))
    assert trials.find("k") == TrialResult(0.7, 0.5)
    assert [file.name for file in (tmp_path / "trials").iterdir()] == ["k.json"]
