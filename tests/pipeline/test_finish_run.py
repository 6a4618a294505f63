"""The last step of a run says what came of it, and stays with that."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from tfx.orchestration import metadata

from pipeline import finish_run
from pipeline.config import load_config
from pipeline.dag import create_pipeline
from pipeline.finish_run import finish
from pipeline.nodes.compiled_nodes import node_ids
from pipeline.nodes.metadata_connection import metadata_connection
from pipeline.nodes.node_launch import compile_ir, set_run_id
from pipeline.preparation.run_overrides import check_overrides
from pipeline.results import outcome
from pipeline.results.summary import EXIT_CODES, Metrics, RunSummary, Status
from pipeline.run_files import RunFiles
from pipeline.workspace import Workspace
from tests.conftest import Trial


@pytest.fixture
def files(trial: Trial, tmp_path: Path) -> RunFiles:
    """A folder of its own for the run of the trial, as its first step would have left it."""
    config = trial.config()
    ir = compile_ir(create_pipeline(config, trial.workspace))
    set_run_id(ir, "first")
    files = RunFiles(Workspace(tmp_path / "workspace"), "first")
    files.write_pipeline(ir, config)
    return files


def test_a_retry_does_not_look_again(files: RunFiles, trial: Trial, tmp_path: Path) -> None:
    first = finish(files, metadata_connection(trial.workspace, {}))
    assert (first.status, first.exit_code) == ("pushed", 0)
    written = files.summary.read_bytes()
    assert trial.summary is not None
    assert json.loads(written)["pushed"]["path"] == trial.summary.pushed.path  # type: ignore[union-attr]
    assert (files.folder / "report.html").is_file()
    # Where no stage has ever run.
    elsewhere = metadata.sqlite_metadata_connection_config(str(tmp_path / "empty.sqlite"))
    assert finish(files, elsewhere) == first
    assert files.summary.read_bytes() == written


def test_what_is_advised_where_the_version_is_gone_can_be_done_on_kubeflow(
    files: RunFiles, trial: Trial, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outcome, "SAVED_MODEL_FILE", "gone")
    verdict = finish(files, metadata_connection(trial.workspace, {}))
    assert (verdict.status, verdict.exit_code) == ("failed", 1)
    assert verdict.reason is not None
    advised = verdict.reason.partition(" is gone. ")[2]
    assert "--no-cache" not in advised
    ((override,),) = [re.findall(r"--set (\S+?),", advised)]
    check_overrides([override])
    assert load_config(None, [override]).seed != files.read_config().seed


def test_stages_have_to_have_succeeded(files: RunFiles, tmp_path: Path) -> None:
    stage = node_ids(files.read_pipeline())[0]
    elsewhere = metadata.sqlite_metadata_connection_config(str(tmp_path / "empty.sqlite"))
    with pytest.raises(RuntimeError, match=f"{stage} has not succeeded in the run first"):
        finish(files, elsewhere)
    assert not files.summary.exists()


@pytest.mark.parametrize("status", ["pushed", "not_blessed", "failed"])
def test_the_exit_code_is_that_of_the_first_attempt(
    status: Status, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    summary = RunSummary(
        run_id="7",
        model="stripes",
        status=status,
        reason="Because.",
        stages=(),
        images=None,
        notes=(),
        # JSON has no such number.
        metrics=Metrics({"accuracy": float("nan")}),
        pushed=None,
        log="log.txt",
    )
    files = RunFiles(Workspace(tmp_path), "7")
    files.folder.mkdir(parents=True)
    replace(summary, exit_code=EXIT_CODES[status]).write(files.summary)
    assert finish_run.main(["--workspace", str(tmp_path), "--run-id", "7"]) == EXIT_CODES[status]
    messages = [json.loads(line)["message"] for line in capsys.readouterr().out.splitlines()]
    assert messages[:2] == ["summed up by an earlier attempt", f"{status}: Because."]
