"""Settings to Beam's own options."""

from __future__ import annotations

import socket
from typing import Final, get_args

from components.contract import UnreachableError
from pipeline.beam_settings import BeamSettings, BeamStage, PortableSettings

IN_PROCESS: Final = (
    # Later Beam versions may hand pipelines to a runner that they download.
    "--direct_running_mode=in_memory",
)
# Without an image TFX packs its own source anew in every Beam stage, to ship it to workers.
_NO_IMAGE: Final = "--sdk_container_image=none"
# How long a worker that imported TensorFlow waits for the next part of its job.
_IDLE_MS: Final = 60_000
_SECONDS_TO_ANSWER: Final = 30.0


def beam_options(settings: BeamSettings, stage: BeamStage) -> list[str]:
    """Beam's options for a stage, as its command line has them.

    Args:
        settings: which engine, and where.
        stage: that runs on Beam.
    """
    runner = settings.runner_of(stage)
    if runner == "in_process":
        return [*IN_PROCESS, _NO_IMAGE]
    cluster = settings.flink if runner == "flink" else settings.spark
    return [*_portable(cluster, stage), *settings.options]


def check_job_servers(settings: BeamSettings) -> None:
    """Refuses a run whose job server does not answer, before anything else has cost time.

    Raises:
        UnreachableError: nothing listens there.
    """
    for runner in sorted({settings.runner_of(stage) for stage in get_args(BeamStage)}):
        if runner == "in_process":
            continue
        server = (settings.flink if runner == "flink" else settings.spark).job_server
        host, _, port = server.rpartition(":")
        try:
            socket.create_connection((host, int(port)), _SECONDS_TO_ANSWER).close()
        except OSError as error:
            raise UnreachableError(
                f"beam.{runner}.job_server: no job server answers at {server} ({error}). Start Beam's job "
                "server for the cluster, name the right address, or let stages run in process with "
                "--set beam.runner=in_process."
            ) from error


def _portable(cluster: PortableSettings, stage: BeamStage) -> list[str]:
    return [
        "--runner=PortableRunner",
        f"--job_name=imgclf-{stage.lower()}",
        f"--job_endpoint={cluster.job_server}",
        f"--job_server_timeout={_SECONDS_TO_ANSWER:.0f}",
        "--environment_type=EXTERNAL",
        f"--environment_config={cluster.worker_pool}",
        f"--environment_cache_millis={_IDLE_MS}",
        f"--sdk_worker_parallelism={cluster.processes}",
        f"--parallelism={cluster.parallelism}",
        _NO_IMAGE,
    ]
