"""What kubeflow/README.md shows is so: its YAML is valid, its files and resources exist."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any, get_args

import pytest
import yaml

from pipeline.config import Config
from pipeline.settings.beam_settings import BeamStage
from pipeline.settings.kubeflow_settings import KubeflowSettings
from tests.kubeflow.built_manifests import KUBEFLOW, ROOT, WITH_FLINK, build, only
from tests.kubeflow.kubernetes_schemas import validate

README = KUBEFLOW / "README.md"
TEXT = README.read_text("utf-8")


def fenced(language: str) -> list[str]:
    """The contents of the fenced blocks of a language."""
    return re.findall(rf"^```{language}\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL)


BLOCKS: list[dict[str, Any]] = [yaml.safe_load(block) for block in fenced("yaml")]
COMMANDS = [shlex.split(line, comments=True) for block in fenced("bash") for line in block.splitlines()]


@pytest.mark.parametrize("block", [block for block in BLOCKS if "kind" in block])
def test_its_resources_are_valid(block: dict[str, Any]) -> None:
    validate(block)


@pytest.mark.parametrize("block", [block for block in BLOCKS if "kind" not in block])
def test_its_settings_are_taken(block: dict[str, Any]) -> None:
    settings = KubeflowSettings.model_validate(block.pop("kubeflow", {}))
    assert set(KubeflowSettings().secrets) <= set(settings.secrets)
    Config.model_validate(block)


def test_no_gpu_is_asked_for_on_a_small_cluster() -> None:
    blocks = list(map(yaml.safe_load, fenced("yaml")))
    (small,) = (block["kubeflow"] for block in blocks if {"data", "kubeflow"} <= set(block))
    settings = KubeflowSettings.model_validate(small)
    assert settings.resources("Trainer").gpus == settings.resources("Tuner").gpus == 0


def test_its_storage_classes_are_what_the_claim_asks_for(tmp_path: Path) -> None:
    names = {block["metadata"]["name"] for block in BLOCKS if block.get("kind") == "StorageClass"}
    claims = [r for r in build("overlays/cloud", tmp_path) if r["kind"] == "PersistentVolumeClaim"]
    assert names == {claim["spec"]["storageClassName"] for claim in claims}


def test_files_it_names_exist() -> None:
    named = set(re.findall(r"kubeflow/manifests/[\w./-]*\w", TEXT)) - {"kubeflow/manifests/base/metadata.env"}
    for path in (*named, *(f"kubeflow/{path}" for path in re.findall(r"`(manifests/[\w./-]*\w)/?`", TEXT))):
        assert (ROOT / path).exists(), path


def test_kubectl_is_pointed_at_what_there_is(tmp_path: Path) -> None:
    there = {f"{r['kind'].lower()}/{r['metadata']['name']}" for r in build(WITH_FLINK, tmp_path)}
    names = set(re.findall(r"\b(\w+/imgclf[\w-]*)", "\n".join(fenced("bash")))) - {"pod/imgclf-files"}
    resources = {
        name for name in names if name.split("/")[0] in ("deployment", "statefulset", "service", "cronjob")
    }
    assert resources and resources <= there


def test_its_edits_find_their_lines() -> None:
    edits = [command for command in COMMANDS if command[:2] == ["sed", "-i"]]
    assert len(edits) == 3
    for _, _, script, path in edits:
        before = script.split("/")[1]
        assert before in (ROOT / path).read_text("utf-8"), path


def test_its_commands_are_imgclfs() -> None:
    used = {command[2] for command in COMMANDS if command[:2] == ["imgclf", "kubeflow"]}
    assert used == {"compile", "submit", "runs", "schedule"}


def test_runs_are_sent_to_what_the_component_is_called(tmp_path: Path) -> None:
    (block,) = (block for block in map(yaml.safe_load, fenced("yaml")) if "flink" in block.get("beam", {}))
    flink = Config.model_validate(block).beam.flink
    host, _, port = flink.job_server.partition(":")
    cluster = build(WITH_FLINK, tmp_path)
    ports = only(cluster, "Service", host)["spec"]["ports"]
    assert int(port) in [each["port"] for each in ports]
    replicas = only(cluster, "Deployment", "imgclf-flink-workers")["spec"]["replicas"]
    assert flink.parallelism == 2 * replicas


def test_dataflow_gets_the_image_that_is_built_for_it() -> None:
    (block,) = (block for block in map(yaml.safe_load, fenced("yaml")) if "dataflow" in block.get("beam", {}))
    config = Config.model_validate(block)
    assert {config.beam.runner_of(stage) for stage in get_args(BeamStage)} == {"dataflow"}
    built = [command for command in COMMANDS if command[:2] == ["make", "image-dataflow"]]
    pushed = [command for command in COMMANDS if command[:2] == ["docker", "push"]]
    assert f"DATAFLOW_IMAGE={config.beam.dataflow.image}" in built[0]
    assert config.beam.dataflow.image in pushed[-1]
