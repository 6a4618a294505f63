from __future__ import annotations

from pathlib import Path

import pytest

from components.contract import ConfigError
from kubeflow.pipeline_file import read_pipeline
from pipeline.config import load_config
from tests.kubeflow.compiling import compile_quickly

_BARE = """
pipelineInfo: {name: bare}
root: {dag: {tasks: {echo: {componentRef: {name: comp}}}}}
components: {comp: {executorLabel: exec}}
deploymentSpec: {executors: {exec: {container: {command: [echo]}}}}
"""
_LOOP = "{componentRef: {name: comp}, dependentTasks: [echo]}"


def test_name_parameters_and_version(pipeline_path: Path, tmp_path: Path) -> None:
    pipeline = read_pipeline(pipeline_path)
    assert pipeline.name == "flowers"
    assert pipeline.service_account is None
    assert pipeline.parameters == {"images": None, "span": "", "run_name": None, "overrides": None}
    assert pipeline.required == {"images", "run_name", "overrides"}
    assert [step.name for step in pipeline.steps] == ["stage"]
    other = tmp_path / "other.yaml"
    other.write_bytes(pipeline_path.read_bytes())
    assert read_pipeline(other).version == pipeline.version
    other.write_bytes(pipeline_path.read_bytes() + b"\n")
    assert read_pipeline(other).version != pipeline.version


def test_what_is_not_asked_for_is_left_to_the_pipeline(pipeline_path: Path) -> None:
    pipeline = read_pipeline(pipeline_path)
    assert pipeline.arguments("s3://b", None, None, ()) == {
        "images": "s3://b",
        "run_name": "",
        "overrides": [],
    }
    assert pipeline.arguments("s3://b", "7", "r", ["a=1"]) == {
        "images": "s3://b",
        "span": "7",
        "run_name": "r",
        "overrides": ["a=1"],
    }


def test_images_that_are_missing_and_options_that_it_does_not_take(
    pipeline_path: Path, tmp_path: Path
) -> None:
    with pytest.raises(ConfigError, match="cannot do without --images"):
        read_pipeline(pipeline_path).arguments(None, None, "r", ())
    # Each run of a schedule would find out for itself.
    with pytest.raises(ConfigError, match="span: expected a number"):
        read_pipeline(pipeline_path).arguments("s3://b", "newest", None, ())
    compiled = tmp_path / "compiled.yaml"
    compile_quickly(load_config(None, []), compiled)
    for nothing in (None, ""):
        with pytest.raises(ConfigError, match="cannot do without --images"):
            read_pipeline(compiled).arguments(nothing, None, "r", ())
    compile_quickly(load_config(None, ["data.images=/imgclf/photos"]), compiled)
    assert read_pipeline(compiled).arguments(None, None, "r", ()) == {"run_name": "r"}
    bare = tmp_path / "bare.yaml"
    bare.write_text(_BARE)
    assert read_pipeline(bare).arguments(None, None, "r", ()) == {}
    with pytest.raises(ConfigError, match="takes no --set, --span; its parameters are none"):
        read_pipeline(bare).arguments(None, "7", "r", ["a=1"])


@pytest.mark.parametrize(
    ("name", "text", "complaint"),
    [
        ("p.json", "{}", "a compiled pipeline is a .yaml file"),
        ("p.yaml", None, "There is no file"),
        ("p.yaml", "a: [", "is not YAML"),
        ("p.yaml", "\udcff", "is not YAML"),
        ("p.yaml", "pipelineInfo: {name: x}\nroot: {}", "is not a pipeline of Kubeflow Pipelines 2"),
        ("p.yaml", _BARE.replace("{componentRef: {name: comp}}", _LOOP), "is not a pipe"),
        ("p.yaml", _BARE.replace("container:", "importer:"), "is not a pipe"),
        ("p.yaml", "", "is not a pipeline of Kubeflow Pipelines 2"),
        ("p.yaml", "[1]", "is not a pipeline of Kubeflow Pipelines 2"),
        ("p.yaml", "kind: Workflow", "is not a pipeline of Kubeflow Pipelines 2"),
        (
            "p.yaml",
            "pipelineInfo: {name: x}\nroot: {inputDefinitions: {parameters: {a: 1}}}",
            "is not a pipe",
        ),
    ],
)
def test_files_that_are_no_pipeline(tmp_path: Path, name: str, text: str | None, complaint: str) -> None:
    if text is not None:
        (tmp_path / name).write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(ConfigError, match=complaint) as refused:
        read_pipeline(tmp_path / name)
    assert "imgclf kubeflow compile" in str(refused.value)


def test_a_folder_is_no_pipeline(tmp_path: Path) -> None:
    (tmp_path / "p.yaml").mkdir()
    with pytest.raises(ConfigError, match="cannot be read: Is a directory"):
        read_pipeline(tmp_path / "p.yaml")
