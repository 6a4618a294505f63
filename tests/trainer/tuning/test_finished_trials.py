from __future__ import annotations

from pathlib import Path

from trainer.training_run.eval_figures import EvalFigures
from trainer.tuning.finished_trials import FinishedTrials


def test_what_a_trial_came_to_is_kept_under_its_key(tmp_path: Path) -> None:
    trials = FinishedTrials(tmp_path / "trials")
    assert trials.find("k") is None
    trials.add("k", EvalFigures(0.7, 0.5))
    assert FinishedTrials(tmp_path / "trials").find("k") == EvalFigures(0.7, 0.5)
    assert [file.name for file in (tmp_path / "trials").iterdir()] == ["k.json"]


def test_a_file_that_was_cut_off_counts_as_none(tmp_path: Path) -> None:
    trials = FinishedTrials(tmp_path / "trials")
    trials.add("k", EvalFigures(0.5, 1.0))
    (tmp_path / "trials" / "k.json").write_text('{"accur')
    assert trials.find("k") is None
