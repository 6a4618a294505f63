"""What a user can set about Beam: which stages run on which engine, and where that is."""

from __future__ import annotations

import re
from typing import Literal, TypeGuard, get_args

from pydantic import Field, model_validator

from components.settings import Settings

BeamStage = Literal["ImageFolderExampleGen", "StatisticsGen", "Transform", "Evaluator"]
BeamRunner = Literal["in_process", "flink", "spark", "dataflow"]


def is_beam_stage(stage: str) -> TypeGuard[BeamStage]:
    """Whether a stage is one of those that run on Beam."""
    return stage in get_args(BeamStage)


_HOST = r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?"
# From 1 to 65535.
_PORT = r"([1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])"
_ADDRESS = f"^{_HOST}:{_PORT}$"

# What Beam's options for S3 and Azure are named after.
_SECRET = re.compile("secret|password|token|connection_string", re.IGNORECASE)


class PortableSettings(Settings):
    """A cluster that Beam's job server hands pipelines to; workers see the workspace under the same path."""

    job_server: str = Field(
        "localhost:8099", pattern=_ADDRESS, description="Beam's job server, HOST:PORT, as a stage reaches it."
    )
    worker_pool: str = Field(
        "localhost:50000",
        pattern=_ADDRESS,
        description="Beam's worker pool, HOST:PORT, as the cluster's workers reach it: one beside each.",
    )
    parallelism: int = Field(2, ge=1, le=10_000, description="Parts that work is divided into.")
    processes: int = Field(1, ge=1, le=256, description="Python processes a worker of the cluster.")


class DataflowSettings(Settings):
    """Google's service for Beam; its workers see nothing of the workspace, only buckets."""

    project: str | None = Field(None, min_length=1, description="Google Cloud project that jobs run in.")
    region: str | None = Field(
        None, pattern="^[a-z]+-[a-z]+[0-9]+$", description="Region that jobs run in, such as `europe-west4`."
    )
    temp_location: str | None = Field(
        None,
        pattern="^gs://[a-z0-9][a-z0-9._-]{1,61}[a-z0-9]/.+$",
        description="Folder of a bucket that artifacts pass through: `gs://BUCKET/FOLDER`. Copies that later "
        "runs may use stay there, so the bucket should delete what is older than some days.",
    )
    image: str | None = Field(
        None, pattern=r"^\S+$", description="Image of the workers, from `make image-dataflow`."
    )
    max_workers: int | None = Field(
        None,
        ge=1,
        le=4000,
        description="How many machines there are at most; empty for Dataflow's own limit.",
    )
    machine_type: str | None = Field(
        None,
        min_length=1,
        description="Kind of machine, such as `n2-standard-4`; empty for Dataflow's choice.",
    )
    service_account: str | None = Field(
        None,
        pattern="^[^@]+@[^@]+$",
        description="Account of the workers; empty for Compute Engine's default.",
    )
    subnetwork: str | None = Field(
        None,
        pattern="(^|/)regions/[^/]+/subnetworks/[^/]+$",
        description="Subnetwork of the workers: `regions/REGION/subnetworks/NAME`; empty for the default.",
    )
    public_ips: bool = Field(True, description="Whether workers have addresses on the internet.")


class BeamSettings(Settings):
    """Where the stages run that Apache Beam divides into parts."""

    runner: BeamRunner = Field(
        "in_process",
        description="Engine of all Beam stages: `in_process` needs nothing, and is the fastest on one "
        "machine; `flink` and `spark` are clusters, `dataflow` is Google's service.",
    )
    stages: dict[BeamStage, BeamRunner] = Field(
        default_factory=dict,
        description="Single stages' engines instead. Beam stages are ImageFolderExampleGen, StatisticsGen, "
        "Transform and Evaluator.",
    )
    flink: PortableSettings = Field(default_factory=PortableSettings, description="A Flink cluster.")
    spark: PortableSettings = Field(default_factory=PortableSettings, description="A Spark cluster.")
    dataflow: DataflowSettings = Field(default_factory=DataflowSettings, description="Google's Dataflow.")
    options: tuple[str, ...] = Field(
        (), description="Further options of Beam, for stages that do not run in process: `--NAME=VALUE`."
    )

    def runner_of(self, stage: BeamStage) -> BeamRunner:
        """The engine of a stage."""
        return self.stages.get(stage, self.runner)

    @model_validator(mode="after")
    def _dataflow_is_described(self) -> BeamSettings:
        needed = ("project", "region", "temp_location", "image")
        missing = [name for name in needed if getattr(self.dataflow, name) is None]
        if missing and "dataflow" in map(self.runner_of, get_args(BeamStage)):
            raise ValueError(f"dataflow: {', '.join(missing)} must be set for stages that run there")
        return self

    @model_validator(mode="after")
    def _options_are_flags(self) -> BeamSettings:
        for option in self.options:
            if not option.startswith("--"):
                raise ValueError(f"options: expected --NAME=VALUE, not {option!r}")
            name = re.split(r"[=\s]", option)[0]
            if _SECRET.search(name):
                raise ValueError(
                    f"options: {name} is a secret, and settings are written down with each run; leave it to "
                    "the environment of stages and workers, such as AWS_SECRET_ACCESS_KEY"
                )
        return self
