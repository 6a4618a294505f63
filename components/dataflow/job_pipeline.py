"""A pipeline on Dataflow, and what can become of it."""

from __future__ import annotations

import logging
from contextlib import suppress
from types import TracebackType

import apache_beam as beam
from apache_beam.options.pipeline_options import GoogleCloudOptions
from apache_beam.runners.dataflow.dataflow_runner import DataflowRuntimeException

from components.dataflow.google_errors import as_unreachable

logger = logging.getLogger(__name__)


class JobFailedError(Exception):
    """A job ended badly; the text says which, why, and where more is to be seen."""


class JobPipeline(beam.Pipeline):
    """A pipeline whose job does not outlive the block that waits for it."""

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_val: BaseException | None,
        exc_tb: TracebackType | None,
    ) -> None:
        """Runs the job to its end.

        Raises:
            JobFailedError: it ended badly.
            UnreachableError: Dataflow cannot be asked.
            BaseException: what stopped the waiting; the job is cancelled then.
        """
        try:
            with as_unreachable("Handing a job to Dataflow, or waiting for it,"):
                super().__exit__(exc_type, exc_val, exc_tb)
        except DataflowRuntimeException as error:
            raise JobFailedError(self._told(error)) from error
        except BaseException:
            self._cancel()
            raise

    def _cancel(self) -> None:
        result = getattr(self, "result", None)
        if result is None:
            return
        # What stopped the waiting may well keep this from working, too, and is what has to be told.
        with suppress(Exception):
            result.cancel()
            logger.info("Dataflow's job %s is cancelled", result.job_id())

    def _told(self, error: DataflowRuntimeException) -> str:
        options = self._options.view_as(GoogleCloudOptions)
        text = str(error).strip().splitlines()
        where = f"dataflow/jobs/{options.region}/{error.result.job_id()}?project={options.project}"
        return (
            f"Dataflow's job {options.job_name} failed: {text[-1].strip()} "
            f"(https://console.cloud.google.com/{where})"
        )
