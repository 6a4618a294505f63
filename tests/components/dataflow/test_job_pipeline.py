"""A job ends with whoever waits for it, and says why it failed; tests/cluster asks Beam's own client."""

from __future__ import annotations

from typing import Any

import apache_beam as beam
import pytest
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.runners.dataflow.dataflow_runner import DataflowRuntimeException
from apache_beam.runners.runner import PipelineResult, PipelineRunner

from components.contract import UnreachableError
from components.dataflow.job_pipeline import JobFailedError, JobPipeline

OPTIONS = ["--job_name=imgclf-evaluator-1", "--region=europe-west4", "--project=pets"]


class Job(PipelineResult):
    """A job on which waiting ends with an error."""

    def __init__(self, error: BaseException | None, *, stuck: bool = False) -> None:
        super().__init__("RUNNING")
        self.error, self.stuck, self.cancelled = error, stuck, False

    def wait_until_finish(self, duration: int | None = None) -> None:
        if self.error is not None:
            raise self.error

    def cancel(self) -> None:
        if self.stuck:
            raise OSError("no route")
        self.cancelled = True

    def job_id(self) -> str:
        return "2026-1"


class Runner(PipelineRunner):
    """Starts the one job."""

    def __init__(self, job: Job) -> None:
        self.job = job

    def run_pipeline(self, pipeline: Any, options: Any) -> Job:
        return self.job


def run(job: Job) -> None:
    with JobPipeline(runner=Runner(job), options=PipelineOptions(OPTIONS)) as pipeline:
        _ = pipeline | beam.Create([1])


def test_a_job_that_ends_well() -> None:
    job = Job(None)
    run(job)
    assert not job.cancelled


def test_a_job_that_fails_says_which_and_why_in_a_line() -> None:
    job = Job(None)
    text = "Dataflow pipeline failed. State: FAILED, Error:\nTraceback:\n  ...\nRuntimeError: out of memory\n"
    job.error = DataflowRuntimeException(text, job)
    with pytest.raises(JobFailedError) as told:
        run(job)
    assert str(told.value) == (
        "Dataflow's job imgclf-evaluator-1 failed: RuntimeError: out of memory "
        "(https://console.cloud.google.com/dataflow/jobs/europe-west4/2026-1?project=pets)"
    )
    assert not job.cancelled


@pytest.mark.parametrize("error", [KeyboardInterrupt(), SystemExit(143), RuntimeError("polling ended")])
def test_a_job_that_nobody_waits_for_is_cancelled(error: BaseException) -> None:
    job = Job(error)
    with pytest.raises(type(error)):
        run(job)
    assert job.cancelled


def test_what_stopped_the_waiting_is_told_though_the_job_cannot_be_cancelled() -> None:
    with pytest.raises(
        UnreachableError, match=r"^Handing a job to Dataflow, or waiting for it, failed: lost\.$"
    ):
        run(Job(OSError("lost"), stuck=True))


def test_nothing_is_cancelled_where_no_job_was_started() -> None:
    with pytest.raises(RuntimeError, match="before"):
        fail_before()


def fail_before() -> None:
    with JobPipeline(runner=Runner(Job(None)), options=PipelineOptions(OPTIONS)):
        raise RuntimeError("before")
