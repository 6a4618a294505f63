"""What `imgclf kubeflow run-local` passes on."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import yaml
from rich.console import Console

from components.contract import ConfigError
from kubeflow.run_local_command import RunLocalRequest, run_local
from pipeline.workspace import Workspace, exclusive_use

_ECHO: dict[str, Any] = {
    "pipelineInfo": {"name": "echo"},
    "root": {
        "inputDefinitions": {"parameters": {"images": {}, "overrides": {}}},
        "dag": {
            "tasks": {
                "echo": {
                    "componentRef": {"name": "comp"},
                    "inputs": {"parameters": {"images": {"componentInputParameter": "images"}}},
                }
            }
        },
    },
    "components": {"comp": {"executorLabel": "exec"}},
    "deploymentSpec": {
        "executors": {
            "exec": {"container": {"command": ["echo"], "args": ["{{$.inputs.parameters['images']}}"]}}
        }
    },
}


@pytest.mark.parametrize(
    ("images", "passed_on"),
    [
        ("gs://bucket/it's mine", "gs://bucket/it's mine"),
        ("cats & dogs", "{here}/cats & dogs"),
        ("/data/cats", "/data/cats"),
        # As everywhere else, none are named.
        ("", ""),
    ],
)
def test_images_are_an_absolute_path_or_a_uri(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, images: str, passed_on: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("echo.yaml").write_text(yaml.safe_dump(_ECHO))
    request = RunLocalRequest(Path("echo.yaml"), Path("volume"), images=images)
    assert run_local(request, Console(quiet=True)) == 0
    log = Path("volume", "logs", "echo.log").read_text()
    assert log == passed_on.format(here=tmp_path) + "\n"


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        ({"message": "There is no [folder] of cats."}, ": There is no [folder] of cats"),
        ({"message": "refused by an earlier attempt: No cats."}, ": No cats"),
        ({"message": "the stage failed", "exception": "Traceback\nValueError: no"}, ": ValueError: no"),
        ({"message": "of another run", "run": "other"}, ""),
        ({"message": "no error", "severity": "WARNING"}, ""),
    ],
)
def test_why_a_step_failed_is_told_in_its_own_words(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], error: dict[str, str], reason: str
) -> None:
    run = "name-{{$.pipeline_job_uuid}}"
    said = [{"severity": "ERROR", "run": run, **error}, {"severity": "INFO", "run": run, "message": "bye"}]
    failing = deepcopy(_ECHO)
    container = failing["deploymentSpec"]["executors"]["exec"]["container"]
    lines = [*map(json.dumps, said), "7", "no JSON"]
    container.update(command=["sh", "-c", "printf '%s\\n' \"$@\"; exit 3", "sh"], args=lines)
    (tmp_path / "p.yaml").write_text(yaml.safe_dump(failing))
    request = RunLocalRequest(tmp_path / "p.yaml", tmp_path / "volume", images="x")
    assert run_local(request, Console(width=40)) == 3
    log = tmp_path / "volume" / "logs" / "echo.log"
    assert capsys.readouterr().out.endswith(f"\necho failed{reason}. Its log is {log}\n")


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        ({"overrides": ("trainig.epochs=3",)}, "there is no such setting"),
        ({"span": "3"}, "takes no --span; its parameters are images, overrides"),
        ({"span": "newest"}, "span: expected a number"),
        ({"images": None}, "cannot do without --images"),
    ],
)
def test_what_cannot_be_passed_on_is_told_before_any_step(
    tmp_path: Path, request_: dict[str, Any], message: str
) -> None:
    (tmp_path / "echo.yaml").write_text(yaml.safe_dump(_ECHO))
    request = RunLocalRequest(tmp_path / "echo.yaml", tmp_path / "volume", **{"images": "here", **request_})
    with pytest.raises(ConfigError, match=message):
        run_local(request, Console(quiet=True))
    assert not (tmp_path / "volume").exists()


def test_one_run_at_a_time_unless_metadata_is_in_a_database(tmp_path: Path) -> None:
    (tmp_path / "p.yaml").write_text(yaml.safe_dump(_ECHO))
    (volume := tmp_path / "volume").mkdir()
    with exclusive_use(Workspace(volume)):
        with pytest.raises(ConfigError, match="Another run"):
            run_local(RunLocalRequest(tmp_path / "p.yaml", volume, images="x"), Console(quiet=True))
        request = RunLocalRequest(tmp_path / "p.yaml", volume, images="x", metadata=True)
        assert run_local(request, Console(quiet=True)) == 0


def test_what_is_waited_for_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    failing = deepcopy(_ECHO)
    failing["deploymentSpec"]["executors"]["exec"]["container"] = {"command": ["false"], "args": []}
    policy = {"maxRetryCount": 1, "backoffDuration": "0s", "backoffFactor": 2, "backoffMaxDuration": "1s"}
    failing["root"]["dag"]["tasks"]["echo"]["retryPolicy"] = policy
    (tmp_path / "p.yaml").write_text(yaml.safe_dump(failing))
    assert run_local(RunLocalRequest(tmp_path / "p.yaml", tmp_path / "volume", images="x"), Console()) == 1
    assert "failed; tried again in 0 s, as the file says" in capsys.readouterr().out


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_step_does_not_outlive_the_command(tmp_path: Path, number: signal.Signals) -> None:
    sleeping = deepcopy(_ECHO)
    container = sleeping["deploymentSpec"]["executors"]["exec"]["container"]
    # It ends the command that started it, once that knows of it, and means to go on.
    script = f"echo $$ > {tmp_path}/id; sleep 1; kill -{number} $PPID; exec sleep 300"
    container.update(command=["sh", "-c", script], args=[])
    (tmp_path / "p.yaml").write_text(yaml.safe_dump(sleeping))
    code = (
        "import signal; from pathlib import Path; from rich.console import Console\n"
        "from kubeflow.run_local_command import RunLocalRequest, run_local\n"
        f"folder = Path({str(tmp_path)!r})\n"
        f"signal.signal({number:d}, signal.SIG_DFL)\n"  # Whoever runs the tests may ignore it.
        "run_local(RunLocalRequest(folder / 'p.yaml', folder / 'volume', images='x'), Console(quiet=True))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], check=False, timeout=60)
    step = int((tmp_path / "id").read_text())
    alive = Path(f"/proc/{step}").exists()
    if alive:
        os.kill(step, signal.SIGKILL)
    assert (done.returncode, alive) == (128 + number, False)
