"""Settings become options that Beam itself understands; a job server that is not there is told at once."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar, get_args

import pytest
from apache_beam.options.pipeline_options import PipelineOptions
from tfx.dsl.components.base import base_beam_executor
from tfx.orchestration.portable import data_types
from tfx.proto.orchestration import executable_spec_pb2

from components.contract import ConfigError, UnreachableError
from pipeline.config import load_config
from pipeline.dag import create_pipeline
from pipeline.nodes.beam_options import IN_PROCESS, beam_options, check_engines
from pipeline.nodes.executor_start import executor_operators
from pipeline.nodes.node_launch import compile_ir
from pipeline.preparation.preflight import resolve
from pipeline.run_files import RunFiles
from pipeline.settings.beam_settings import BeamSettings, BeamStage, DataflowSettings, PortableSettings
from pipeline.steps.step import do_step
from pipeline.terminal.mistakes import explain
from pipeline.workspace import Workspace
from tests.image_files import write_folder

STAGES: tuple[BeamStage, ...] = get_args(BeamStage)
FLINK = PortableSettings(job_server="it:1", worker_pool="there:2", parallelism=6, processes=3)
SPARK = PortableSettings(job_server="spark:3")
DATAFLOW = {
    "project": "pets",
    "region": "europe-west4",
    "temp_location": "gs://pets/tmp",
    "image": "registry.example.com/imgclf-dataflow:1",
}
IMAGES = "/images"


def understood(options: list[str]) -> dict[str, Any]:
    """What Beam makes of options; all of them have to be ones that it knows."""
    parsed = PipelineOptions(options)
    known = parsed.get_all_options()
    assert set(parsed.get_all_options(retain_unknown_options=True)) == set(known)
    # --no_NAME sets NAME.
    assert {option[2:].partition("=")[0].removeprefix("no_") for option in options} <= set(known)
    return known


@pytest.mark.parametrize("stage", STAGES)
def test_in_process_nothing_is_downloaded_or_packed(stage: BeamStage) -> None:
    # Options for clusters are none for the runner in process.
    options = beam_options(BeamSettings(options=("--max_cache_memory_usage_mb=9",)), stage)
    assert options == [*IN_PROCESS, "--sdk_container_image=none"]
    assert understood(options)["direct_running_mode"] == "in_memory"


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize(("runner", "cluster"), [("flink", FLINK), ("spark", SPARK)])
def test_a_cluster_is_where_the_settings_say(
    stage: BeamStage, runner: str, cluster: PortableSettings
) -> None:
    settings = BeamSettings.model_validate({"runner": runner, "flink": FLINK, "spark": SPARK})
    # parallelism is Flink's own; Beam has a class for it, and a job server names what else it takes.
    options = understood(beam_options(settings, stage))
    assert options["runner"] == "PortableRunner"
    assert options["job_name"] == f"imgclf-{stage.lower()}"
    assert options["job_endpoint"] == cluster.job_server
    assert (options["environment_type"], options["environment_config"]) == ("EXTERNAL", cluster.worker_pool)
    assert int(options["parallelism"]) == cluster.parallelism
    assert int(options["sdk_worker_parallelism"]) == cluster.processes
    # It outlives the gap between two parts of a job, because it has imported TensorFlow.
    assert int(options["environment_cache_millis"]) >= 10_000
    assert options["sdk_container_image"] == "none"


@pytest.mark.parametrize("stage", STAGES)
def test_dataflow_is_told_what_the_settings_say(stage: BeamStage) -> None:
    more = {
        "max_workers": 7,
        "machine_type": "n2-standard-4",
        "service_account": "imgclf@pets.iam.gserviceaccount.com",
        "subnetwork": "regions/europe-west4/subnetworks/pets",
        "public_ips": False,
    }
    settings = BeamSettings.model_validate({"runner": "dataflow", "dataflow": DATAFLOW | more})
    options = understood(beam_options(settings, stage))
    assert options["runner"] == "DataflowRunner"
    assert options["job_name"] == f"imgclf-{stage.lower()}"
    assert {name: options[name] for name in ("project", "region", "temp_location")} == {
        name: DATAFLOW[name] for name in ("project", "region", "temp_location")
    }
    assert options["sdk_container_image"] == DATAFLOW["image"]
    assert options["sdk_location"] == "container"
    assert (options["max_num_workers"], options["machine_type"]) == (7, "n2-standard-4")
    assert options["service_account_email"] == more["service_account"]
    assert (options["subnetwork"], options["use_public_ips"]) == (more["subnetwork"], False)
    alone = stage == "ImageFolderExampleGen"  # Its units have threads of their own.
    assert options["number_of_worker_harness_threads"] == (1 if alone else None)


def test_what_dataflow_may_choose_is_left_to_it() -> None:
    settings = BeamSettings.model_validate({"runner": "dataflow", "dataflow": DATAFLOW})
    options = understood(beam_options(settings, "Evaluator"))
    assert {options[name] for name in ("machine_type", "service_account_email", "subnetwork")} == {None}
    assert (options["max_num_workers"], options["use_public_ips"]) == (None, None)


def test_further_options_come_last_so_that_they_count() -> None:
    options = beam_options(
        BeamSettings(runner="flink", flink=FLINK, options=("--parallelism=9", "--max_parallelism=12")),
        "Evaluator",
    )
    assert options[-2:] == ["--parallelism=9", "--max_parallelism=12"]
    assert int(understood(options)["parallelism"]) == 9


def test_an_option_that_beam_does_not_know_would_be_seen() -> None:
    with pytest.raises(AssertionError):
        understood(["--paralellism=9"])


@pytest.mark.parametrize("runner", ["flink", "dataflow"])
def test_where_a_stage_runs_is_nothing_that_its_result_depends_on(tmp_path: Path, runner: str) -> None:
    images = write_folder(tmp_path / "images", {"a": 1, "b": 1})
    words = ["model.backbone=small_cnn", "model.weights=none", "training.phases=[{train: all}]"]
    here = load_config(None, [*words, f"data.images={images}"])
    there = here.model_copy(
        update={"beam": BeamSettings.model_validate({"runner": runner, "dataflow": DATAFLOW})}
    )
    workspace = Workspace(tmp_path / "workspace")
    one, other = (compile_ir(create_pipeline(config, workspace)) for config in (here, there))
    assert one == other


def executor_of(stage: BeamStage, settings: BeamSettings) -> Any:
    """What TFX runs a stage with, its executor being one that does nothing."""
    spec = executable_spec_pb2.BeamExecutableSpec()
    spec.python_executor_spec.class_path = f"{__name__}.{Noting.__name__}"
    operators = executor_operators(lambda: None, beam_options(settings, stage))
    return operators[executable_spec_pb2.BeamExecutableSpec](executor_spec=spec)


class Noting(base_beam_executor.BaseBeamExecutor):
    """Notes the options that it is given."""

    options: ClassVar[list[str]] = []

    def Do(self, *given: Any) -> None:
        Noting.options[:] = self._beam_pipeline_args


@pytest.mark.parametrize("stage", STAGES)
def test_executors_get_the_options(stage: BeamStage, tmp_path: Path) -> None:
    settings = BeamSettings.model_validate({"runner": "flink", "flink": FLINK})
    execution = data_types.ExecutionInfo(
        execution_output_uri=str(tmp_path / "output"), tmp_dir=str(tmp_path), stateful_working_dir=""
    )
    executor_of(stage, settings).run_executor(execution)
    # TFX adds labels.
    assert Noting.options[: len(beam_options(settings, stage))] == beam_options(settings, stage)


@pytest.mark.parametrize("stage", ["Trainer", "DataCheck"])
def test_stages_without_beam_have_no_options(stage: str) -> None:
    assert beam_options(BeamSettings(runner="flink"), stage) == []


@contextmanager
def listener() -> Iterator[str]:
    """An address at which somebody listens, until the block ends."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"127.0.0.1:{server.getsockname()[1]}"


@pytest.fixture
def nobody() -> str:
    """An address at which nobody listens any more."""
    with listener() as address:
        return address


def asking(address: str, **settings: Any) -> BeamSettings:
    there = {"job_server": address}
    return BeamSettings.model_validate({"runner": "flink", "flink": there, **settings})


def test_a_job_server_that_answers() -> None:
    with listener() as address:
        check_engines(asking(address), IMAGES)


def test_a_job_server_that_does_not(nobody: str) -> None:
    with pytest.raises(UnreachableError) as error:
        check_engines(asking(nobody), IMAGES)
    sentence, exit_code = explain(error.value)
    assert sentence.startswith(f"beam.flink.job_server: no job server answers at {nobody} (")
    assert "--set beam.runner=in_process" in sentence
    assert exit_code == 1


def test_a_host_that_there_is_not() -> None:
    address = "no-such-host.invalid:8099"
    with pytest.raises(UnreachableError, match=f"no job server answers at {address} "):
        check_engines(asking(address), IMAGES)


def test_only_servers_that_a_stage_needs_are_asked(nobody: str) -> None:
    check_engines(asking(nobody, runner="in_process"), IMAGES)
    check_engines(asking(nobody, stages=dict.fromkeys(STAGES, "in_process")), IMAGES)
    for one in ("flink", "spark"):
        there = {one: {"job_server": nobody}, "stages": {"Evaluator": one}, "runner": "in_process"}
        with pytest.raises(UnreachableError, match=f"beam.{one}.job_server"):
            check_engines(BeamSettings.model_validate(there), IMAGES)
    with listener() as address, pytest.raises(UnreachableError, match="beam.spark.job_server"):
        check_engines(asking(address, spark={"job_server": nobody}, stages={"Transform": "spark"}), IMAGES)


def test_a_run_is_told_before_its_images_are_looked_at(nobody: str, tmp_path: Path) -> None:
    images = tmp_path / "images"
    images.mkdir()  # Empty, which is refused later.
    config = load_config(None, ["beam.runner=flink", f"beam.flink.job_server={nobody}"])
    with pytest.raises(UnreachableError):
        resolve(config, str(images), Workspace(tmp_path / "workspace"))


def test_a_step_tries_again_when_the_job_server_was_away(
    nobody: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = RunFiles(Workspace(tmp_path), "run-1")
    assert do_step("Prepare", files, 2, lambda: check_engines(asking(nobody), IMAGES)) == 1
    assert files.refusal("Prepare") is None
    last = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert last["message"].startswith("beam.flink.job_server: no job server answers")
    with listener() as address:
        assert do_step("Prepare", files, 2, lambda: check_engines(asking(address), IMAGES)) == 0


def on_dataflow(**settings: Any) -> BeamSettings:
    return BeamSettings.model_validate({"runner": "dataflow", "dataflow": DATAFLOW, **settings})


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[DataflowSettings]:
    """Of what Google Cloud is asked about."""
    services: list[DataflowSettings] = []
    monkeypatch.setattr("pipeline.nodes.beam_options.check_google_cloud", services.append)
    return services


def test_google_cloud_is_asked_when_a_stage_needs_it(asked: list[DataflowSettings]) -> None:
    check_engines(on_dataflow(runner="in_process"), IMAGES)
    assert asked == []
    check_engines(on_dataflow(), "gs://pets/images")
    # Images on this machine can be read by all stages but the first.
    check_engines(on_dataflow(stages={"ImageFolderExampleGen": "in_process"}), IMAGES)
    assert [service.project for service in asked] == ["pets", "pets"]


def test_dataflow_cannot_read_a_folder_of_this_machine(asked: list[DataflowSettings]) -> None:
    with pytest.raises(ConfigError, match="^/images: Dataflow's workers cannot see it. Put the images into"):
        check_engines(on_dataflow(), IMAGES)
    assert asked == []
