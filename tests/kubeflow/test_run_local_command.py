"""What `imgclf kubeflow run-local` passes on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from rich.console import Console

from components.contract import ConfigError
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


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        ({"overrides": ("trainig.epochs=3",)}, "there is no such setting"),
        ({"span": "3"}, "takes no --span; its parameters are images, overrides"),
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
