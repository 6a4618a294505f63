"""A stage of a prepared run as a process of its own, as a pod starts it."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from tfx.orchestration.portable.input_resolution.exceptions import InputResolutionError

from components.contract import LABELS_FILE
from pipeline.dag import create_pipeline
from pipeline.node_runner import main
from pipeline.nodes.compiled_nodes import node_ids
from pipeline.nodes.metadata_connection import Connection, metadata_connection
from pipeline.nodes.node_launch import compile_ir, launch_node, set_run_id
from pipeline.run_files import RunFiles
from pipeline.settings.beam_settings import BeamSettings
from pipeline.settings.metadata_connection_names import HOST
from pipeline.steps.node_attempts import earlier_attempt
from pipeline.steps.pod_log import logger
from pipeline.workspace import Workspace
from tests.conftest import Trial
from tests.image_files import write_folder

INGEST = "ImageFolderExampleGen"
# What a pod that finds its stage done has no time for.
FRAMEWORKS = ("tensorflow", "keras", "apache_beam", "tfx.types", "tfx.orchestration", "pydantic", "numpy")


@pytest.fixture
def files(tmp_path: Path) -> RunFiles:
    """Of a run that is prepared."""
    images = write_folder(tmp_path / "images", {"across": 20, "down": 20})
    trial = Trial(images, Workspace(tmp_path / "workspace"))
    files = RunFiles(trial.workspace, "run-1")
    config = trial.config()
    ir = compile_ir(create_pipeline(config, trial.workspace))
    set_run_id(ir, files.run_id)
    files.write_pipeline(ir, config)
    return files


@pytest.fixture
def connection(files: RunFiles) -> Connection:
    return metadata_connection(files.workspace, {})


def _run(files: RunFiles, stage: str) -> tuple[list[str], set[str]]:
    """Our messages in the log of the stage's process, and the modules that it imported."""
    command = [sys.executable, "-X", "importtime", "-m", "pipeline.node_runner", "--stage", stage]
    command += ["--workspace", str(files.workspace.root), "--run-id", files.run_id]
    ended = subprocess.run(command, capture_output=True, text=True, cwd=Path(__file__).parents[2])
    assert ended.returncode == 0, ended.stderr[-3000:]
    lines = [json.loads(line) for line in ended.stdout.splitlines() if line.startswith("{")]
    messages = [line["message"] for line in lines if line["logger"] == logger.name]
    return messages, {line.rpartition("|")[2].strip() for line in ended.stderr.splitlines() if "|" in line}


def test_a_stage_is_run_once_and_the_frameworks_are_loaded_once(
    files: RunFiles, connection: Connection
) -> None:
    assert earlier_attempt(files.read_pipeline(), INGEST, connection) is None
    messages, modules = _run(files, INGEST)
    (starts, came_of_it, _done) = messages
    assert re.fullmatch(r"the executor starts [\d.]+ seconds after its process, .* for [\d.]+", starts)
    assert came_of_it == f"{INGEST}: ran"
    assert modules > {"tensorflow", "ml_metadata"}
    attempt = earlier_attempt(files.read_pipeline(), INGEST, connection)
    assert attempt is not None
    assert attempt.succeeded
    messages, modules = _run(files, INGEST)
    assert messages[0] == "done by an earlier attempt"
    assert modules & {"ml_metadata", *FRAMEWORKS} == {"ml_metadata"}
    assert not any(earlier_attempt(files.read_pipeline(), other, connection) for other in _others(files))
    set_run_id(another := compile_ir(create_pipeline(files.read_config(), files.workspace)), "run-2")
    assert earlier_attempt(another, INGEST, connection) is None


def test_a_damaged_result_is_made_anew(files: RunFiles, connection: Connection) -> None:
    def launched(run_id: str) -> tuple[str, Path]:
        set_run_id(ir := compile_ir(create_pipeline(files.read_config(), files.workspace)), run_id)
        outcome = launch_node(ir, INGEST, connection, BeamSettings())
        return outcome.status, Path(outcome.artifacts["examples"][0].uri)

    status, examples = launched("run-2")
    assert (status, launched("run-3")) == ("ran", ("cached", examples))
    labels = examples / LABELS_FILE
    labels.write_text(labels.read_text().replace("across", "acress"))
    status, anew = launched("run-4")
    assert status == "ran"
    assert (anew / LABELS_FILE).read_text().split() == ["across", "down"]
    assert launched("run-5") == ("cached", anew)


def test_a_failed_attempt_is_no_success(files: RunFiles, connection: Connection) -> None:
    ir = files.read_pipeline()
    with pytest.raises((RuntimeError, InputResolutionError)):
        launch_node(ir, "DataCheck", connection, BeamSettings())  # Without what comes before it.
    attempt = earlier_attempt(ir, "DataCheck", connection)
    assert attempt is not None
    assert not attempt.succeeded


def test_a_run_whose_images_are_refused_leaves_its_page(
    files: RunFiles, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No step comes after the one that refuses them."""
    monkeypatch.delenv(HOST, raising=False)
    config = files.read_config()
    strict = config.balance.model_copy(update={"min_images_per_class": 1000})
    config = config.model_copy(update={"balance": strict})
    set_run_id(ir := compile_ir(create_pipeline(config, files.workspace)), files.run_id)
    files.write_pipeline(ir, config)
    for stage in (INGEST, "DataCheck"):
        launch_node(ir, stage, connection, BeamSettings())
    words = ["--workspace", str(files.workspace.root), "--run-id", files.run_id]
    assert main([*words, "--stage", "ClassBalanceValidator"]) == 3
    page = (files.folder / "report.html").read_text("utf-8")
    assert "The images were refused" in page
    assert "balance.min_images_per_class" in page
    stages = dict(re.findall(r'<th scope="row">(\w+)</th><td class="\w+">\S (\w+)</td>', page))
    assert [stages[stage] for stage in (INGEST, "DataCheck", "ClassBalanceValidator", "Trainer")] == [
        *("ran", "ran", "failed", "skipped")
    ]
    # That is for the last step to write.
    assert not files.summary.exists()


def _others(files: RunFiles) -> list[str]:
    return [stage for stage in node_ids(files.read_pipeline()) if stage != INGEST]
