"""What the compiled pipeline says, and that Kubeflow takes it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from google.protobuf import json_format
from kfp.components import load_component_from_file
from kfp.pipeline_spec import pipeline_spec_pb2

from components.contract import ConfigError
from kubeflow.compile import step_name
from kubeflow.compiled_steps import Retries
from kubeflow.pipeline_file import PipelineFile, read_pipeline
from pipeline.config import load_config
from pipeline.settings.kubeflow_settings import KubeflowSettings, StageResources
from tests.kubeflow.compiling import compile_quickly

ROOT = Path(__file__).parents[2]
EXAMPLE, GOLDEN = ROOT / "kubeflow" / "example.yaml", ROOT / "kubeflow" / "pipeline.yaml"


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("compiled") / "pipeline.yaml"
    compile_quickly(load_config(EXAMPLE), path)
    return path


@pytest.fixture(scope="module")
def pipeline(compiled: Path) -> PipelineFile:
    return read_pipeline(compiled)


def _executors(path: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """The containers, and what Kubernetes is told about them, by step."""
    spec, platform = yaml.safe_load_all(path.read_text())
    containers = spec["deploymentSpec"]["executors"]
    placed = platform["platforms"]["kubernetes"]["deploymentSpec"]["executors"]
    return (
        {name.removeprefix("exec-"): executor["container"] for name, executor in containers.items()},
        {name.removeprefix("exec-"): executor for name, executor in placed.items()},
    )


def test_the_copy_in_the_repository_is_what_compiling_gives(compiled: Path) -> None:
    assert compiled.read_text() == GOLDEN.read_text(), (
        "compile it again: imgclf kubeflow compile --config kubeflow/example.yaml "
        "--output kubeflow/pipeline.yaml"
    )


def test_kubeflows_own_loader_and_proto_take_it(compiled: Path) -> None:
    loaded = load_component_from_file(str(compiled))
    assert loaded.pipeline_spec.schema_version == "2.1.0"
    assert set(loaded.component_spec.inputs) == {"images", "span", "run_name", "overrides"}
    spec, _ = yaml.safe_load_all(compiled.read_text())
    parsed = json_format.ParseDict(spec, pipeline_spec_pb2.PipelineSpec())
    assert len(parsed.root.dag.tasks) == 14
    for task in parsed.root.dag.tasks:
        assert all(letter.isalnum() or letter == "-" for letter in task)


def test_stages_wait_for_one_another_as_on_one_machine(pipeline: PipelineFile) -> None:
    after = {step.name: set(step.after) for step in pipeline.steps}
    assert after["prepare"] == set()
    assert after["image-folder-example-gen"] == {"prepare"}
    assert {"data-check"} <= after["class-balance-validator"]
    assert {"example-validator", "class-balance-validator"} <= after["transform"]
    assert {"evaluator", "serving-check", "trainer"} <= after["pusher"]
    assert after["finish"] == {"pusher"}
    seen: set[str] = set()
    for step in pipeline.steps:
        assert set(step.after) <= seen
        seen.add(step.name)


def test_the_trainer_gets_its_gpu_node(compiled: Path, pipeline: PipelineFile) -> None:
    containers, placed = _executors(compiled)
    assert containers["trainer"]["image"].startswith("imgclf-gpu@sha256:1")
    resources = containers["trainer"]["resources"]
    assert resources["accelerator"]["resourceType"] == "nvidia.com/gpu"
    assert resources["accelerator"]["resourceCount"] == "1"
    assert (resources["resourceCpuLimit"], resources["resourceMemoryLimit"]) == ("8", "30Gi")
    assert resources["resourceMemoryRequest"] == "30Gi"
    assert placed["trainer"]["nodeSelector"]["labels"] == {"pool": "gpu"}
    (toleration,) = placed["trainer"]["tolerations"]
    assert (toleration["key"], toleration["operator"], toleration["effect"]) == (
        "nvidia.com/gpu",
        "Exists",
        "NoSchedule",
    )
    trainer = next(step for step in pipeline.steps if step.name == "trainer")
    assert trainer.retries == Retries(4, 30, 2, 1800)
    assert trainer.timeout_seconds == 720 * 60
    assert "accelerator" not in containers["evaluator"]["resources"]
    assert containers["evaluator"]["image"].startswith("imgclf@sha256:0")
    assert "nodeSelector" not in placed["evaluator"]


def test_every_step_has_the_volume_the_database_and_its_secrets(pipeline: PipelineFile) -> None:
    for step in pipeline.steps:
        assert step.mounts == ("/imgclf",)
        assert step.environment["IMGCLF_METADATA_HOST"] == "imgclf-metadata"
        assert step.environment["IMGCLF_METADATA_PORT"] == "3306"
        assert step.environment["IMGCLF_METADATA_DATABASE"] == "imgclf"
        assert step.secrets == {
            "IMGCLF_METADATA_USER": ("imgclf-metadata", "user"),
            "IMGCLF_METADATA_PASSWORD": ("imgclf-metadata", "password"),
        }
        assert step.timeout_seconds


def test_what_changes_between_runs_is_a_parameter(pipeline: PipelineFile) -> None:
    assert pipeline.parameters == {
        "images": "/imgclf/photos/span-{SPAN}",
        "span": "",
        "run_name": "photos",
        "overrides": [],
    }
    prepare = pipeline.steps[0]
    assert prepare.inputs["overrides"] == "${overrides}"
    config = json.loads(prepare.command[prepare.command.index("--config") + 1])
    assert config["preset"] == "balanced"
    assert "training" not in config
    assert "kubeflow" not in config


@pytest.mark.parametrize("path", ["/volume/", "//volume", "/volume/.", "/volume"])
def test_however_the_mount_is_written_it_is_one_path(path: str, tmp_path: Path) -> None:
    compile_quickly(load_config(None, [f"kubeflow.mount_path={path}"]), tmp_path / "p.yaml")
    for step in read_pipeline(tmp_path / "p.yaml").steps:
        assert step.mounts == ("/volume",)
        assert step.command[step.command.index("--workspace") + 1] == "/volume"


@pytest.mark.parametrize("path", ["/", "//", "/./", "/imgclf/..", "imgclf"])
def test_what_is_no_mount(path: str) -> None:
    with pytest.raises(ConfigError, match=r"kubeflow\.mount_path"):
        load_config(None, [f"kubeflow.mount_path={path}"])


def test_the_service_account_goes_along(compiled: Path, pipeline: PipelineFile) -> None:
    assert pipeline.service_account == "imgclf"
    _, placed = _executors(compiled)
    assert placed["trainer"]["podMetadata"]["annotations"] == {"imgclf/service-account": "imgclf"}


def test_each_step_is_tried_again_as_often_as_the_settings_say(pipeline: PipelineFile) -> None:
    for step in pipeline.steps:
        assert f"--retries={step.retries.count}" in step.command
    retries = {step.name: step.retries.count for step in pipeline.steps}
    assert retries.pop("trainer") == 4
    assert set(retries.values()) == {2}


@pytest.mark.parametrize(
    ("overrides", "output", "message"),
    [
        (["kubeflow.stages={Trainr: {gpus: 2}}"], "p.yaml", "kubeflow.stages.Trainr: there is no such stage"),
        ([], "p.json", "end in .yaml"),
    ],
)
def test_what_cannot_be_compiled(tmp_path: Path, overrides: list[str], output: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        compile_quickly(load_config(EXAMPLE, overrides), tmp_path / output)
    assert list(tmp_path.iterdir()) == []


def test_files_on_the_pods_volume_need_not_be_here(tmp_path: Path) -> None:
    overrides = ["data.schema_file=/imgclf/schema.pbtxt", "model.weights=/imgclf/weights.h5"]
    compile_quickly(load_config(EXAMPLE, ["preset=null", *overrides]), tmp_path / "p.yaml")
    prepare = next(step for step in read_pipeline(tmp_path / "p.yaml").steps if step.name == "prepare")
    config = json.loads(prepare.command[prepare.command.index("--config") + 1])
    assert config["data"]["schema_file"] == "/imgclf/schema.pbtxt"


def test_names_have_no_capitals() -> None:
    assert step_name("LatestBlessedResolver") == "latest-blessed-resolver"
    assert step_name("Pusher") == "pusher"


def test_a_search_is_a_step_of_its_own(tmp_path: Path) -> None:
    overrides = ["preset=null", "model.start_from=null", "tuning.trials=2"]
    overrides += ["tuning.space={training.phases.0.learning_rate: {choices: [0.1, 0.2]}}"]
    compile_quickly(load_config(EXAMPLE, overrides), tmp_path / "p.yaml")
    steps = {step.name: step for step in read_pipeline(tmp_path / "p.yaml").steps}
    assert "tuner" in steps["trainer"].after


def test_an_entry_changes_what_it_names_alone() -> None:
    changes = ["kubeflow.stage.retries=5", "kubeflow.stages.Trainer.memory=32Gi"]
    changes += ["kubeflow.stages.Evaluator={cpu: 3}", "kubeflow.stages.Prepare.memory=3Gi"]
    settings = load_config(None, changes).kubeflow
    each = StageResources(retries=5)
    trainer = each.model_copy(update={"cpu": "4", "memory": "32Gi", "gpus": 1, "timeout_minutes": 1440})
    prepare = each.model_copy(update={"cpu": "1", "memory": "3Gi", "timeout_minutes": 60})
    assert settings.resources("Trainer") == trainer
    assert settings.resources("Tuner") == trainer.model_copy(
        update={"memory": "16Gi", "timeout_minutes": 2880}
    )
    assert settings.resources("Evaluator") == each.model_copy(update={"cpu": "3"})
    assert settings.resources("Prepare") == prepare
    assert settings.resources("Pusher") == each
    written = KubeflowSettings.model_validate_json(settings.model_dump_json())
    assert written == settings


def test_the_steps_around_the_stages_take_no_gpu_with_them() -> None:
    settings = load_config(None, ["kubeflow.stage.gpus=1"]).kubeflow
    assert [settings.resources(step).gpus for step in ("Prepare", "Finish", "Pusher")] == [0, 0, 1]


@pytest.mark.parametrize(
    "setting",
    [
        "kubeflow.stage.memory=1.5Gi",
        "kubeflow.stage.memory=512m",
        "kubeflow.stage.memory=4k",
        "kubeflow.stage.memory=16",
        "kubeflow.stage.memory='4096'",
        "kubeflow.stage.memory=1023Ki",
        "kubeflow.stage.memory=1M",
        "kubeflow.stages.Trainer.memory=0Gi",
        "kubeflow.stage.cpu=2Gi",
        "kubeflow.stage.cpu=0",
        "kubeflow.stage.cpu=0.0",
        "kubeflow.stages.Trainer.cpu=0m",
        "kubeflow.stage.gpu_type=''",
        "kubeflow.stages.Trainer.gpus=3",
        "kubeflow.stage.timeout_minutes=35791395",
        "kubeflow.stage.retry_seconds=1801",
        "kubeflow.gpu_image=''",
        "kubeflow.image=my image:1",
        "kubeflow.metadata.host=my host",
        "kubeflow.secrets=[{variable: A, secret: b, key: c d}]",
        "kubeflow.stage.tolerations=[{key: gpu, value: present}]",
        "kubeflow.stage.tolerations=[{operator: Equal, value: present}]",
        f"name={'a' * 64}",
    ],
)
def test_what_kubeflow_would_refuse_is_a_wrong_setting(setting: str) -> None:
    with pytest.raises(ConfigError, match=setting.partition("=")[0]):
        load_config(None, [setting])


def test_memory_without_a_unit_is_told_what_it_is() -> None:
    told = "^In --set: kubeflow.stage.memory: 16 is 16 bytes; expected at least 1Mi, .* such as 4Gi.$"
    with pytest.raises(ConfigError, match=told):
        load_config(None, ["kubeflow.stage.memory=16"])


@pytest.mark.parametrize(
    "setting",
    [
        "kubeflow.stage.memory='1048576'",
        "kubeflow.stage.memory=1024Ki",
        *(f"kubeflow.stage.memory=4{unit}" for unit in ("M", "Mi", "G", "Gi", "Ti", "Pi", "E")),
        "kubeflow.stage.cpu=500m",
        "kubeflow.stage.cpu=.5",
        "kubeflow.volume_claim=images.of-2026",
        "kubeflow.stage.cpu=1.5",
        "kubeflow.stage.cpu=2",
        "kubeflow.stage.node_selector={zone: 3}",
        "kubeflow.stage.gpus=8",
        "kubeflow.stage.tolerations=[{key: gpu, operator: Equal, value: present}, {operator: Exists}]",
    ],
)
def test_whatever_is_a_right_setting_can_be_compiled(setting: str, tmp_path: Path) -> None:
    compile_quickly(load_config(None, [setting]), tmp_path / "pipeline.yaml")
