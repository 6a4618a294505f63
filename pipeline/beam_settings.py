"""What a user can set about Beam: which stages run on which engine, and where that is."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from components.settings import Settings

BeamStage = Literal["ImageFolderExampleGen", "StatisticsGen", "Transform", "Evaluator"]
BeamRunner = Literal["in_process", "flink", "spark", "dataflow"]

_ADDRESS = r"^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?:[0-9]{1,5}$"


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
    """Google Cloud Dataflow."""

    project: str | None = Field(None, min_length=1, description="Google Cloud project.")
    region: str | None = Field(None, min_length=1, description="Region, such as europe-west4.")
    temp_location: str | None = Field(
        None, pattern="^gs://.+", description="Where it may keep files, `gs://BUCKET/PATH`."
    )
    image: str | None = Field(
        None, min_length=1, description="Worker image: this project's, with Beam's entry point."
    )
    machine_type: str | None = Field(None, min_length=1, description="Of the workers.")
    max_workers: int = Field(10, ge=1, le=4000, description="How many at most.")
    service_account: str | None = Field(None, min_length=1, description="Of the workers.")
    subnetwork: str | None = Field(None, min_length=1, description="Of the workers.")


class BeamSettings(Settings):
    """Where the stages run that Apache Beam divides into parts."""

    runner: BeamRunner = Field(
        "in_process",
        description="Engine of all Beam stages: `in_process` needs nothing, and is the fastest on one machine. "
        "`flink` and `spark` go through Beam's job server; `dataflow` is Google's.",
    )
    stages: dict[BeamStage, BeamRunner] = Field(
        default_factory=dict,
        description="Single stages' engines instead. Beam stages are ImageFolderExampleGen, StatisticsGen, "
        "Transform and Evaluator.",
    )
    flink: PortableSettings = Field(default_factory=PortableSettings, description="A Flink cluster.")
    spark: PortableSettings = Field(default_factory=PortableSettings, description="A Spark cluster.")
    dataflow: DataflowSettings = Field(default_factory=DataflowSettings, description="Dataflow.")
    options: tuple[str, ...] = Field(
        (), description="Further options of Beam, for stages that do not run in process: `--NAME=VALUE`."
    )

    def runner_of(self, stage: BeamStage) -> BeamRunner:
        """The engine of a stage."""
        return self.stages.get(stage, self.runner)

    @model_validator(mode="after")
    def _dataflow_is_complete(self) -> BeamSettings:
        if "dataflow" not in (self.runner, *self.stages.values()):
            return self
        needed = ("project", "region", "temp_location", "image")
        missing = [f"beam.dataflow.{key}" for key in needed if getattr(self.dataflow, key) is None]
        if missing:
            raise ValueError(f"Dataflow needs {', '.join(missing)}")
        return self

    @model_validator(mode="after")
    def _options_are_flags(self) -> BeamSettings:
        for option in self.options:
            if not option.startswith("--"):
                raise ValueError(f"options: expected --NAME=VALUE, not {option!r}")
        return self
