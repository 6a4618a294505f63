"""Beam's settings: which engine a stage gets, and what is said of settings that cannot be."""

from __future__ import annotations

from typing import get_args

import pytest

from components.contract import ConfigError
from pipeline.config import Config, load_config
from pipeline.settings.beam_settings import BeamStage


@pytest.mark.parametrize("stage", get_args(BeamStage))
def test_everything_runs_in_process_unless_said_otherwise(stage: BeamStage) -> None:
    assert Config().beam.runner_of(stage) == "in_process"


def test_a_stage_may_have_an_engine_of_its_own() -> None:
    beam = load_config(None, ["beam.runner=flink", "beam.stages={Evaluator: in_process}"]).beam
    engines = {stage: beam.runner_of(stage) for stage in get_args(BeamStage)}
    assert engines == {**dict.fromkeys(get_args(BeamStage), "flink"), "Evaluator": "in_process"}


def test_an_address_is_text_to_yaml() -> None:
    flink = load_config(None, ["beam.flink.job_server=10.0.0.1:8099", "beam.flink.parallelism=8"]).beam.flink
    assert (flink.job_server, flink.worker_pool, flink.parallelism) == (
        "10.0.0.1:8099",
        "localhost:50000",
        8,
    )


@pytest.mark.parametrize(
    ("override", "message"),
    [
        (
            "beam.runner=flnk",
            "beam.runner: expected 'in_process', 'flink', 'spark' or 'dataflow', not 'flnk'; did",
        ),
        (
            "beam.stages={Evaluator: dask}",
            "beam.stages.Evaluator: expected 'in_process', 'flink', 'spark' or",
        ),
        (
            "beam.runner=dataflow",
            "dataflow: project, region, temp_location, image must be set for stages that run there",
        ),
        (
            "beam={stages: {Evaluator: dataflow}, dataflow: {project: p, region: europe-west4, image: i}}",
            "dataflow: temp_location must be set",
        ),
        ("beam.dataflow.temp_location=/tmp/x", "beam.dataflow.temp_location: expected text of another form"),
        ("beam.dataflow.temp_location=gs://pets", "temp_location: expected text of another form"),
        ("beam.dataflow.temp_location=gs://pets/", "temp_location: expected text of another form"),
        ("beam.dataflow.region=Frankfurt", "beam.dataflow.region: expected text of another form"),
        ("beam.dataflow.service_account=imgclf", "beam.dataflow.service_account: expected text of another"),
        ("beam.dataflow.subnetwork=default", "beam.dataflow.subnetwork: expected text of another form"),
        ("beam.dataflow.max_workers=0", "beam.dataflow.max_workers: expected greater than or equal to 1"),
        ("beam.dataflow.temp_locatn=gs://b", "did you mean 'beam.dataflow.temp_location'?"),
        ("beam.stages={StatsGen: flink}", "not 'StatsGen'; did you mean 'StatisticsGen'?"),
        (
            "beam.stages={Trainer: flink}",
            "beam.stages.Trainer: expected 'ImageFolderExampleGen', 'StatisticsGen', 'Tr",
        ),
        ("beam.flink.job_server=imgclf-beam", "beam.flink.job_server: expected text of another form"),
        ("beam.spark.job_server=http://it:8099", "beam.spark.job_server: expected text of another form"),
        ("beam.flink.worker_pool=localhost:pool", "beam.flink.worker_pool: expected text of another form"),
        ("beam.flink.job_server=localhost:65536", "beam.flink.job_server: expected text of another form"),
        ("beam.spark.job_server=localhost:0", "beam.spark.job_server: expected text of another form"),
        ("beam.flink.parallelism=0", "beam.flink.parallelism: expected greater than or equal to 1, not 0"),
        ("beam.flink.processes=0", "beam.flink.processes: expected greater than or equal to 1, not 0"),
        ("beam.options=[save_main_session]", "options: expected --NAME=VALUE, not 'save_main_session'"),
        ("beam.options=--save_main_session", "beam.options: expected a list"),
        ("beam.flink.server=it:1", "'beam.flink.server'; did you mean 'beam.flink.job_server'?"),
    ],
)
def test_what_cannot_be_is_one_clear_error(override: str, message: str) -> None:
    with pytest.raises(ConfigError) as error:
        load_config(None, [override])
    assert message in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    "name", ["--s3_secret_access_key", "--s3_session_token", "--azure_connection_string"]
)
@pytest.mark.parametrize("option", ["{}=hush", "{} hush"])
def test_a_secret_is_no_setting_and_its_refusal_does_not_tell_it(name: str, option: str) -> None:
    """Settings lie in the run's folder and in the compiled pipeline, for all to read."""
    with pytest.raises(ConfigError, match=f"options: {name} is a secret") as error:
        load_config(None, [f"beam.options=['{option.format(name)}']"])
    assert "hush" not in str(error.value)
