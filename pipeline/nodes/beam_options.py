"""Settings to Beam's own options."""

from __future__ import annotations

import socket
from typing import Final, get_args

from components.contract import ConfigError, UnreachableError
from pipeline.nodes.google_cloud_check import check_google_cloud
from pipeline.settings.beam_settings import (
    BeamSettings,
    BeamStage,
    DataflowSettings,
    PortableSettings,
    is_beam_stage,
)

IN_PROCESS: Final = (
    # Later Beam versions may hand pipelines to a runner that they download.
    "--direct_running_mode=in_memory",
)
# Without an image TFX packs its own source anew in every Beam stage, to ship it to workers.
_NO_IMAGE: Final = "--sdk_container_image=none"
# How long a worker that imported TensorFlow waits for the next part of its job.
_IDLE_MS: Final = 60_000
_SECONDS_TO_ANSWER: Final = 30.0


def beam_options(settings: BeamSettings, stage: str) -> list[str]:
    """Beam's options for a stage, as its command line has them.

    Args:
        settings: which engine, and where.
        stage: any; those that do not run on Beam have none.
    """
    if not is_beam_stage(stage):
        return []
    match settings.runner_of(stage):
        case "in_process":
            return [*IN_PROCESS, _NO_IMAGE]
        case "flink":
            engine = _portable(settings.flink)
        case "spark":
            engine = _portable(settings.spark)
        case "dataflow":
            engine = _dataflow(settings.dataflow, stage)
    return [f"--job_name=imgclf-{stage.lower()}", *engine, *settings.options]


def check_engines(settings: BeamSettings, images: str) -> None:
    """Refuses a run whose engines are out of reach, before anything else has cost time.

    Args:
        settings: which engines, and where.
        images: folder or URI.

    Raises:
        ConfigError: Dataflow is to read images that lie on this machine, or its bucket cannot be used.
        UnreachableError: no job server listens there, or Google Cloud cannot be asked.
    """
    runners = {settings.runner_of(stage) for stage in get_args(BeamStage)}
    if "flink" in runners:
        _check_job_server("flink", settings.flink.job_server)
    if "spark" in runners:
        _check_job_server("spark", settings.spark.job_server)
    if settings.runner_of("ImageFolderExampleGen") == "dataflow" and not images.startswith("gs://"):
        raise ConfigError(
            f"{images}: Dataflow's workers cannot see it. Put the images into a bucket and name that, "
            "gs://BUCKET/FOLDER, or let that stage run in process with "
            "--set beam.stages.ImageFolderExampleGen=in_process."
        )
    if "dataflow" in runners:
        check_google_cloud(settings.dataflow)


def _check_job_server(runner: str, address: str) -> None:
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host, int(port)), _SECONDS_TO_ANSWER).close()
    except OSError as error:
        raise UnreachableError(
            f"beam.{runner}.job_server: no job server answers at {address} ({error}). Start Beam's job "
            "server for the cluster, name the right address, or let stages run in process with "
            "--set beam.runner=in_process."
        ) from error


def _portable(cluster: PortableSettings) -> list[str]:
    return [
        "--runner=PortableRunner",
        f"--job_endpoint={cluster.job_server}",
        f"--job_server_timeout={_SECONDS_TO_ANSWER:.0f}",
        "--environment_type=EXTERNAL",
        f"--environment_config={cluster.worker_pool}",
        f"--environment_cache_millis={_IDLE_MS}",
        f"--sdk_worker_parallelism={cluster.processes}",
        f"--parallelism={cluster.parallelism}",
        _NO_IMAGE,
    ]


def _dataflow(service: DataflowSettings, stage: BeamStage) -> list[str]:
    options = {
        "project": service.project,
        "region": service.region,
        "temp_location": service.temp_location,
        "sdk_container_image": service.image,
        "max_num_workers": service.max_workers,
        "machine_type": service.machine_type,
        "service_account_email": service.service_account,
        "subnetwork": service.subnetwork,
    }
    return [
        "--runner=DataflowRunner",
        # Beam is in the image; otherwise it would be fetched, and shipped with each job.
        "--sdk_location=container",
        *(f"--{name}={value}" for name, value in options.items() if value is not None),
        *(() if service.public_ips else ("--no_use_public_ips",)),
        # A unit of images is read and decoded in threads of its own.
        *(("--number_of_worker_harness_threads=1",) if stage == "ImageFolderExampleGen" else ()),
    ]
