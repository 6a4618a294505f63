"""What Beam's options say about a job on Dataflow."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Final

from apache_beam.options.pipeline_options import GoogleCloudOptions, PipelineOptions, StandardOptions

DATAFLOW: Final = "DataflowRunner"


def runner_name(options: Sequence[str]) -> str | None:
    """The runner's name without its module; None where Beam chooses.

    Args:
        options: of Beam, as its command line has them.
    """
    runner: str | None = PipelineOptions(list(options)).view_as(StandardOptions).runner
    return runner and runner.rpartition(".")[2]


def staging_location(options: Sequence[str]) -> str:
    """URI of the folder that copies are made in, below the one that is named for temporary files."""
    temporary: str = PipelineOptions(list(options)).view_as(GoogleCloudOptions).temp_location
    return f"{temporary.rstrip('/')}/imgclf"


def with_unique_job_name(options: Sequence[str]) -> list[str]:
    """The options with a job name of their own: Dataflow refuses the name of a job that is running."""
    name = PipelineOptions(list(options)).view_as(GoogleCloudOptions).job_name
    return [*options, f"--job_name={name}-{uuid.uuid4().hex[:8]}"]
