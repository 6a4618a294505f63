from __future__ import annotations

from pathlib import Path

import pytest

from components.contract import ConfigError
from kubeflow.pipeline_file import check_overrides, read_pipeline


def test_name_parameters_and_version(pipeline_path: Path, tmp_path: Path) -> None:
    pipeline = read_pipeline(pipeline_path)
    assert pipeline.name == "flowers"
    assert pipeline.service_account is None
    assert pipeline.parameters == {"images": True, "span": False, "run_name": True, "overrides": True}
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
    bare = tmp_path / "bare.yaml"
    bare.write_text("pipelineInfo: {name: bare}\nroot: {}\n")
    assert read_pipeline(bare).arguments(None, None, "r", ()) == {}
    with pytest.raises(ConfigError, match="takes no --set, --span; its parameters are none"):
        read_pipeline(bare).arguments(None, "7", "r", ["a=1"])


@pytest.mark.parametrize(
    ("name", "text", "complaint"),
    [
        ("p.json", "{}", "a compiled pipeline is a .yaml file"),
        ("p.yaml", None, "There is no file"),
        ("p.yaml", "a: [", "is not YAML"),
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
        (tmp_path / name).write_text(text)
    with pytest.raises(ConfigError, match=complaint) as refused:
        read_pipeline(tmp_path / name)
    assert "imgclf kubeflow compile" in str(refused.value)


@pytest.mark.parametrize("override", ["training.epochs", "=3", "trainin.epochs=3"])
def test_overrides_that_cannot_be(override: str) -> None:
    check_overrides(["model.weights=none", "training.phases=[]"])
    with pytest.raises(ConfigError, match=f"--set {override}: "):
        check_overrides([override])
