"""What `imgclf kubeflow run-local` passes on."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from rich.console import Console

from kubeflow.run_local_command import RunLocalRequest, run_local

_ECHO = {
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
