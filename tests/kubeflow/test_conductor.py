"""Steps are run as the file says."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from kubeflow.compiled_steps import CompiledStep, Retries
from kubeflow.conductor import LocalRun, StepResult, conduct
from kubeflow.pipeline_file import PipelineFile

ONCE = Retries(0, 0, 1, 0)


def _step(name: str, code: str, **values: Any) -> CompiledStep:
    given: dict[str, Any] = {
        "after": (),
        "environment": {},
        "secrets": {},
        "inputs": {},
        "retries": ONCE,
        "timeout_seconds": None,
        "mounts": ("/volume",),
        "arguments": (),
        **values,
    }
    arguments = given.pop("arguments")
    return CompiledStep(name=name, command=("python", "-c", code, *arguments), **given)


def _conduct(
    tmp_path: Path, *steps: CompiledStep, defaults: Mapping[str, Any] | None = None, **values: Any
) -> list[StepResult]:
    run = LocalRun(volume=tmp_path / "volume", logs=tmp_path / "logs", **values)
    run.volume.mkdir(exist_ok=True)
    pipeline = PipelineFile(tmp_path / "p.yaml", "p", "1", defaults or {}, set(), steps)
    return conduct(pipeline, run, lambda result: None)


TELL = "import json, os, sys; json.dump([sys.argv[1:], dict(os.environ)], open('told.json', 'w'))"


@pytest.fixture
def in_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_parameters_the_job_and_the_volume_are_filled_in(in_folder: Path) -> None:
    step = _step(
        "tell",
        TELL,
        arguments=(
            "{{$.inputs.parameters['images']}}",
            "--images={{$.inputs.parameters['images']}}",
            "{{$.inputs.parameters['overrides']}}",
            "{{$.inputs.parameters['run_id']}}",
            "{{$.inputs.parameters['fixed']}}",
            "/volume/workspace",
            "/volume",
            "/volumes",
        ),
        inputs={
            "images": "${images}",
            "overrides": "${overrides}",
            "run_id": "{{$.pipeline_job_uuid}}",
            "fixed": 7,
        },
    )
    defaults = {"images": "/volume/photos", "overrides": []}
    given = {"overrides": ["a=1", "b=${images}"]}
    (result,) = _conduct(in_folder, step, defaults=defaults, parameters=given, job_id="job-1")
    arguments, _ = json.loads(Path("told.json").read_text())
    volume = str(in_folder / "volume")
    assert arguments == [
        f"{volume}/photos",
        f"--images={volume}/photos",
        '["a=1", "b=${images}"]',
        "job-1",
        "7",
        f"{volume}/workspace",
        volume,
        "/volumes",
    ]
    assert (result.exit_code, result.attempts) == (0, 1)


def test_the_environment_is_the_files_with_secrets_from_outside(
    in_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PASSWORD", "from the environment")
    step = _step(
        "tell",
        TELL,
        environment={"HOST": "database", "PORT": "1"},
        secrets={"USER_NAME": ("login", "user"), "PASSWORD": ("login", "password")},
    )
    _conduct(in_folder, step, environment={"HOST": ""}, secrets={("login", "user"): "me"})
    _, environment = json.loads(Path("told.json").read_text())
    assert (environment["HOST"], environment["PORT"]) == ("", "1")
    assert (environment["USER_NAME"], environment["PASSWORD"]) == ("me", "from the environment")


def test_a_step_is_tried_again_with_longer_and_longer_pauses(in_folder: Path) -> None:
    flaky = (
        "import pathlib, sys; file = pathlib.Path('tries'); tries = len(file.read_text()) if file.exists() "
        "else 0; file.write_text('x' * (tries + 1)); print('try', tries); sys.exit(tries < 3)"
    )
    pauses: list[float] = []
    retries = Retries(count=4, seconds=10, factor=2, most_seconds=30)
    (result,) = _conduct(in_folder, _step("flaky", flaky, retries=retries), pause=pauses.append)
    assert (result.exit_code, result.attempts) == (0, 4)
    assert pauses == [10, 20, 30]
    assert (in_folder / "logs" / "flaky.log").read_text().split() == "try 0 try 1 try 2 try 3".split()


def test_the_run_ends_at_a_step_that_fails_for_good(in_folder: Path) -> None:
    steps = (
        _step("first", "print('one')"),
        _step("second", "import sys; sys.exit(3)", after=("first",), retries=Retries(1, 0, 1, 0)),
        _step("third", "print('never')", after=("second",)),
    )
    results = _conduct(in_folder, *steps, pause=lambda seconds: None)
    assert [(result.name, result.exit_code, result.attempts) for result in results] == [
        ("first", 0, 1),
        ("second", 3, 2),
    ]
    assert not (in_folder / "logs" / "third.log").exists()


def test_a_step_that_takes_too_long_is_ended_with_all_that_it_started(in_folder: Path) -> None:
    code = (
        "import subprocess, sys, time; child = subprocess.Popen([sys.executable, '-c', 'import time; "
        "time.sleep(300)']); open('child', 'w').write(str(child.pid)); time.sleep(300)"
    )
    (result,) = _conduct(in_folder, _step("slow", code, timeout_seconds=5.0))
    assert result.exit_code == -signal.SIGKILL
    assert "given up on after 5 seconds" in (in_folder / "logs" / "slow.log").read_text()
    child = int(Path("child").read_text())
    for _ in range(300):
        state = Path(f"/proc/{child}/stat")
        if not state.exists() or state.read_text().split()[2] == "Z":
            break
        time.sleep(0.1)
    else:
        pytest.fail("the child goes on")


def test_a_killed_step_counts_as_failed(in_folder: Path) -> None:
    def kill(step: CompiledStep, process: subprocess.Popen[bytes]) -> None:
        os.kill(process.pid, signal.SIGKILL)

    (result,) = _conduct(in_folder, _step("killed", "import time; time.sleep(300)"), started=kill)
    assert result.exit_code == -signal.SIGKILL


def test_other_programs_than_python_are_left_alone(in_folder: Path) -> None:
    step = CompiledStep("echo", (), ("echo", "hello"), {}, {}, {}, ONCE, None, ())
    _conduct(in_folder, step)
    assert (in_folder / "logs" / "echo.log").read_text() == "hello\n"
    assert Path(sys.executable).is_absolute()


def test_a_module_in_the_users_folder_is_not_taken_for_the_projects(in_folder: Path) -> None:
    Path("pipeline.py").write_text("raise SystemExit('the user's')\n")
    command = ("python", "-m", "pipeline.node_runner", "--help")
    (result,) = _conduct(in_folder, CompiledStep("stage", (), command, {}, {}, {}, ONCE, None, ()))
    assert result.exit_code == 0
    assert "Runs one stage of a run." in (in_folder / "logs" / "stage.log").read_text()
