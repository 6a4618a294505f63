"""An executor of TFX works on copies of its artifacts, and nobody afterwards can tell."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tfx.dsl.components.base import base_beam_executor
from tfx.types import standard_artifacts
from tfx.types.artifact import Artifact

from components.dataflow.job_options import runner_name, staging_location, with_unique_job_name
from components.dataflow.staged_executor import StagedExecutor

Work = Callable[[dict[str, list[Artifact]], dict[str, list[Artifact]]], None]


def artifact(kind: type[Artifact], folder: Path) -> Artifact:
    folder.mkdir(parents=True)
    made = kind()
    made.uri = str(folder)
    return made


@pytest.fixture
def model(tmp_path: Path) -> Artifact:
    made = artifact(standard_artifacts.Model, tmp_path / "workspace" / "model")
    Path(made.uri, "saved_model.pb").write_text("model")
    return made


@pytest.fixture
def blessing(tmp_path: Path) -> Artifact:
    return artifact(standard_artifacts.ModelBlessing, tmp_path / "workspace" / "blessing")


class Inner(base_beam_executor.BaseBeamExecutor):
    """Does what a test wants."""

    work: Work

    def Do(self, input_dict: Any, output_dict: Any, exec_properties: Any) -> None:
        self.work(input_dict, output_dict)


class Staged(StagedExecutor, Inner):
    """The same on copies."""


def executor(tmp_path: Path, work: Work) -> Staged:
    options = [
        "--runner=DataflowRunner",
        f"--temp_location={tmp_path}/store/",
        "--job_name=imgclf-evaluator",
        "--sdk_container_image=i",
    ]
    made = Staged(Staged.Context(beam_pipeline_args=options))
    made.work = work
    return made


def test_it_reads_and_writes_copies(tmp_path: Path, model: Artifact, blessing: Artifact) -> None:
    own = model.uri, blessing.uri

    def work(inputs: dict[str, list[Artifact]], outputs: dict[str, list[Artifact]]) -> None:
        (candidate,), (baseline,), (blessed,) = inputs["model"], inputs["baseline"], outputs["blessing"]
        for each in (candidate, baseline, blessed):
            assert each.uri.startswith(f"{tmp_path}/store/imgclf/")
        text = Path(baseline.uri, "saved_model.pb").read_text()
        Path(blessed.uri).mkdir(parents=True)
        Path(blessed.uri, "BLESSED").write_text(text)
        blessed.set_string_custom_property("current_model", candidate.uri)
        blessed.set_string_custom_property("component_id", "Evaluator")
        blessed.set_int_custom_property("blessed", 1)

    same = standard_artifacts.Model()
    same.uri = model.uri
    executor(tmp_path, work).Do({"model": [model], "baseline": [same]}, {"blessing": [blessing]}, {})
    assert (model.uri, blessing.uri, same.uri) == (*own, own[0])
    assert Path(blessing.uri, "BLESSED").read_text() == "model"
    assert blessing.get_string_custom_property("current_model") == model.uri
    assert blessing.get_string_custom_property("component_id") == "Evaluator"
    assert blessing.get_int_custom_property("blessed") == 1
    assert not list((tmp_path / "store/imgclf/written").rglob("*"))


def test_elsewhere_than_on_dataflow_nothing_is_copied(
    tmp_path: Path, model: Artifact, blessing: Artifact
) -> None:
    own = model.uri, blessing.uri
    seen = []

    def work(inputs: dict[str, list[Artifact]], outputs: dict[str, list[Artifact]]) -> None:
        seen.append((inputs["model"][0].uri, outputs["blessing"][0].uri))

    made = Staged(
        Staged.Context(beam_pipeline_args=["--runner=PortableRunner", "--sdk_container_image=none"])
    )
    made.work = work
    made.Do({"model": [model]}, {"blessing": [blessing]}, {})
    assert seen == [own]


def test_an_artifact_may_have_two_keys(tmp_path: Path, model: Artifact, blessing: Artifact) -> None:
    executor(tmp_path, lambda inputs, outputs: None).Do(
        {"model": [model], "baseline": [model]}, {"blessing": [blessing]}, {}
    )
    assert model.uri == f"{tmp_path}/workspace/model"


def test_artifacts_are_in_their_places_after_a_failure(
    tmp_path: Path, model: Artifact, blessing: Artifact
) -> None:
    own = model.uri, blessing.uri

    def work(inputs: dict[str, list[Artifact]], outputs: dict[str, list[Artifact]]) -> None:
        raise RuntimeError("the job failed")

    with pytest.raises(RuntimeError, match="the job failed"):
        executor(tmp_path, work).Do({"model": [model]}, {"blessing": [blessing]}, {})
    assert (model.uri, blessing.uri) == own
    assert list(Path(blessing.uri).iterdir()) == []


def test_each_job_has_a_name_of_its_own() -> None:
    first, second = (with_unique_job_name(["--job_name=imgclf-evaluator", "--x=y"]) for _ in range(2))
    assert first[-1].startswith("--job_name=imgclf-evaluator-")
    assert first[-1] != second[-1]
    assert first[:2] == ["--job_name=imgclf-evaluator", "--x=y"]


@pytest.mark.parametrize(
    ("options", "name"),
    [
        ([], None),
        (["--runner=DataflowRunner"], "DataflowRunner"),
        (["--runner=apache_beam.runners.dataflow.DataflowRunner"], "DataflowRunner"),
        (["--runner=PortableRunner"], "PortableRunner"),
    ],
)
def test_the_runner_is_known_by_its_class(options: list[str], name: str | None) -> None:
    assert runner_name(options) == name


@pytest.mark.parametrize("given", ["gs://pets/tmp", "gs://pets/tmp/"])
def test_copies_are_made_below_the_temporary_folder(given: str) -> None:
    assert staging_location([f"--temp_location={given}"]) == "gs://pets/tmp/imgclf"
