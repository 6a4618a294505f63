"""What a run comes to, by an error or by what its last stage did."""

from __future__ import annotations

from pathlib import Path

import pytest
from tfx.types import standard_artifacts

from components.contract import NEWLY_PUBLISHED, ConfigError, DataError, UnreachableError
from components.pusher.push_record import PushRecord
from pipeline.config import load_config
from pipeline.results.outcome import RunFailure, failure_of, summarize_run
from pipeline.results.summary import Pushed, Stage, StageStatus


@pytest.mark.parametrize(
    ("error", "failure"),
    [
        (DataError("No images."), RunFailure("invalid_data", "No images.")),
        (ConfigError("No such key."), RunFailure("failed", "No such key.", usage=True)),
        (UnreachableError("No answer."), RunFailure("failed", "No answer.")),
        (ValueError("x\ny"), RunFailure("failed", "Trainer failed: ValueError: x")),
    ],
)
def test_what_has_a_sentence_is_told_in_it_alone(error: Exception, failure: RunFailure) -> None:
    assert failure_of(error, "Trainer") == failure


@pytest.mark.parametrize(
    ("pusher", "newly_published", "new"), [("ran", 1, True), ("ran", 0, False), ("cached", 1, False)]
)
def test_a_version_is_new_where_this_run_has_pushed_it(
    tmp_path: Path, pusher: StageStatus, newly_published: int, new: bool
) -> None:
    version = tmp_path / "3"
    version.mkdir()
    (version / "saved_model.pb").touch()
    PushRecord("model").write(version)
    model, pushed = standard_artifacts.Model(), standard_artifacts.PushedModel()
    model.uri = "model"
    for key, number in (("pushed", 1), (NEWLY_PUBLISHED, newly_published)):
        pushed.set_int_custom_property(key, number)
    for key, text in (("pushed_version", "3"), ("pushed_destination", str(version))):
        pushed.set_string_custom_property(key, text)
    summary = summarize_run(
        run_id="7",
        config=load_config(None, []),
        model_dir=tmp_path,
        node_ids=("ClassBalanceValidator", "Trainer", "Pusher"),
        # New limits for the classes: the first ran, and what comes after it did not have to.
        stages=(
            Stage("ClassBalanceValidator", "ran", 0),
            Stage("Trainer", "cached", 0),
            Stage("Pusher", pusher, 0),
        ),
        artifacts={"Trainer": {"model": [model]}, "Pusher": {"pushed_model": [pushed]}},
        failure=None,
        log=tmp_path / "log.txt",
        push_again="",
    )
    assert (summary.status, summary.exit_code) == ("pushed", 0)
    assert summary.pushed == Pushed(3, str(version), new)
