"""What a user can set about Beam: which stages run on which engine, and where that is."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from components.settings import Settings

BeamStage = Literal["ImageFolderExampleGen", "StatisticsGen", "Transform", "Evaluator"]
BeamRunner = Literal["in_process", "flink", "spark"]

_HOST = r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?"
# From 1 to 65535.
_PORT = r"([1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])"
_ADDRESS = f"^{_HOST}:{_PORT}$"


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


class BeamSettings(Settings):
    """Where the stages run that Apache Beam divides into parts."""

    runner: BeamRunner = Field(
        "in_process",
        description="Engine of all Beam stages: `in_process` needs nothing, and is the fastest on one "
        "machine; `flink` and `spark` are clusters.",
    )
    stages: dict[BeamStage, BeamRunner] = Field(
        default_factory=dict,
        description="Single stages' engines instead. Beam stages are ImageFolderExampleGen, StatisticsGen, "
        "Transform and Evaluator.",
    )
    flink: PortableSettings = Field(default_factory=PortableSettings, description="A Flink cluster.")
    spark: PortableSettings = Field(default_factory=PortableSettings, description="A Spark cluster.")
    options: tuple[str, ...] = Field(
        (), description="Further options of Beam, for stages that do not run in process: `--NAME=VALUE`."
    )

    def runner_of(self, stage: BeamStage) -> BeamRunner:
        """The engine of a stage."""
        return self.stages.get(stage, self.runner)

    @model_validator(mode="after")
    def _options_are_flags(self) -> BeamSettings:
        for option in self.options:
            if not option.startswith("--"):
                raise ValueError(f"options: expected --NAME=VALUE, not {option!r}")
        return self
