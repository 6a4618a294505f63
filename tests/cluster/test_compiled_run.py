"""The compiled pipeline, each step a process of its own, comes to what `imgclf run` comes to."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from kubeflow.compiled_steps import CompiledStep
from kubeflow.conductor import LocalRun, StepResult, conduct
from kubeflow.pipeline_file import PipelineFile, read_pipeline
from pipeline.config import load_config
from tests.cluster.conftest import Database
from tests.conftest import SETTINGS, Trial
from tests.kubeflow.compiling import compile_quickly

pytestmark = pytest.mark.cluster


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> PipelineFile:
    path = tmp_path_factory.mktemp("compiled") / "pipeline.yaml"
    compile_quickly(load_config(None, SETTINGS), path)
    return read_pipeline(path)


@pytest.fixture(scope="module")
def volume(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("volume")


def _run(
    compiled: PipelineFile, volume: Path, trial: Trial, database: Database, job_id: str, **values: Any
) -> tuple[list[StepResult], Mapping[str, Any]]:
    run = LocalRun(
        volume=volume,
        logs=volume / "logs" / job_id,
        parameters={"images": str(trial.images), "overrides": values.pop("overrides", [])},
        environment=database.environment,
        job_id=job_id,
        pause=lambda seconds: None,
        **values,
    )
    results = conduct(compiled, run, lambda result: None)
    logs = "\n".join(
        path.read_text()[-3000:] for path in run.logs.iterdir() if "Traceback" in path.read_text()
    )
    summary = volume / "runs" / f"stripes-{job_id}" / "summary.json"
    assert summary.is_file(), logs
    return results, json.loads(summary.read_text())


def test_with_a_trainer_that_is_killed_twice_it_comes_to_what_one_process_comes_to(
    compiled: PipelineFile, volume: Path, trial: Trial, database: Database
) -> None:
    killed: list[signal.Signals] = []
    log = volume / "logs" / "1" / "trainer.log"

    def kill(step: CompiledStep, process: subprocess.Popen[bytes]) -> None:
        if step.name == "trainer" and len(killed) < 2:
            # The first time with a warning, as when a node is taken away; the second time without.
            killed.append(signal.SIGKILL if killed else signal.SIGTERM)
            arguments = (process, log, killed[-1], len(killed))
            threading.Thread(target=_kill_in_training, args=arguments).start()

    results, summary = _run(compiled, volume, trial, database, "1", started=kill)
    assert [result.exit_code for result in results] == [0] * len(compiled.steps)
    assert {result.name: result.attempts for result in results if result.attempts > 1} == {"trainer": 3}
    text = log.read_text()
    assert "taken away by SIGTERM" in text
    assert text.count("an earlier attempt did not end well") == 2
    assert text.count("goes on after epoch") >= 1

    assert trial.summary is not None
    assert summary["status"] == trial.summary.status == "pushed"
    assert summary["metrics"]["candidate"] == pytest.approx(trial.summary.metrics.candidate)
    assert summary["images"]["per_split"] == trial.summary.images.per_split  # type: ignore[union-attr]
    assert [stage["name"] for stage in summary["stages"]] == [stage.name for stage in trial.summary.stages]
    assert Path(summary["pushed"]["path"], "saved_model.pb").is_file()
    assert (volume / "runs" / "stripes-1" / "report.html").is_file()
    # It is the server that knows of it, and it knows of one model.
    assert not (volume / "metadata.sqlite").exists()
    assert database.ask("SELECT COUNT(*) FROM imgclf.Context WHERE name = 'stripes-1'") == ["1"]
    models = "SELECT COUNT(*) FROM imgclf.Artifact JOIN imgclf.Type ON Artifact.type_id = Type.id "
    assert database.ask(f"{models} WHERE Type.name = 'Model' AND Artifact.state = 2") == ["1"]
    for path in (volume / "logs" / "1").iterdir():
        lines = [line for line in path.read_text().splitlines() if line.startswith("{")]
        assert json.loads(lines[-1])["message"].startswith("done in"), path.name


def test_a_second_run_finds_everything_done(
    compiled: PipelineFile, volume: Path, trial: Trial, database: Database
) -> None:
    _, summary = _run(compiled, volume, trial, database, "2")
    assert {stage["status"] for stage in summary["stages"]} == {"cached"}
    assert summary["pushed"]["new"] is False


def _kill_in_training(
    process: subprocess.Popen[bytes], log: Path, number: signal.Signals, attempt: int
) -> None:
    while process.poll() is None:
        if log.is_file() and log.read_text().count("epoch") >= 2 * attempt:
            os.kill(process.pid, number)
            return
        time.sleep(0.02)


def test_refused_images_end_the_run_with_their_exit_code(
    compiled: PipelineFile, volume: Path, trial: Trial, database: Database
) -> None:
    run = LocalRun(
        volume=volume,
        logs=volume / "logs" / "5",
        parameters={
            "images": str(trial.images),
            "overrides": ["balance.min_images_per_class=1000"],
        },
        environment=database.environment,
        job_id="5",
        pause=lambda seconds: None,
    )
    results = conduct(compiled, run, lambda result: None)
    assert (results[-1].name, results[-1].exit_code) == ("class-balance-validator", 3)
    log = (volume / "logs" / "5" / "class-balance-validator.log").read_text()
    # The first attempt says why, those after it say so at once.
    assert log.count("refused by an earlier attempt") == results[-1].attempts - 1 == 2


def test_of_two_runs_at_once_none_replaces_what_it_was_not_compared_with(
    compiled: PipelineFile, volume: Path, trial: Trial, database: Database
) -> None:
    ended: dict[str, StepResult] = {}

    def run(job_id: str) -> None:
        given = LocalRun(
            volume=volume,
            logs=volume / "logs" / job_id,
            parameters={
                "images": str(trial.images),
                "overrides": [f"seed={job_id}", "evaluation.min_accuracy=0"],
            },
            environment=database.environment,
            job_id=job_id,
            pause=lambda seconds: None,
        )
        ended[job_id] = conduct(compiled, given, lambda result: None)[-1]

    threads = [threading.Thread(target=run, args=(job_id,)) for job_id in ("11", "12")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    finished = [job_id for job_id, last in ended.items() if (last.name, last.exit_code) == ("finish", 0)]
    assert finished
    for job_id in finished:
        summary = json.loads((volume / "runs" / f"stripes-{job_id}" / "summary.json").read_text())
        stages = {stage["name"]: stage["status"] for stage in summary["stages"]}
        assert stages["Trainer"] == "ran", job_id
        assert stages["ImageFolderExampleGen"] == "cached", job_id
        assert trial.summary is not None
        assert trial.summary.metrics.candidate is not None
        tested = trial.summary.metrics.candidate["example_count"]
        assert summary["metrics"]["candidate"]["example_count"] == tested
    for job_id in ended.keys() - finished:
        assert (ended[job_id].name, ended[job_id].exit_code) == ("pusher", 2), ended[job_id]
        log = (volume / "logs" / job_id / "pusher.log").read_text()
        assert "is in production, so it is not pushed. Run it again." in log
    running = "SELECT COUNT(*) FROM imgclf.Execution WHERE last_known_state = 2"
    assert database.ask(running) == ["0"]
