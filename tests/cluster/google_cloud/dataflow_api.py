"""Dataflow: the part of its API that Beam's runner uses."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from tests.cluster.google_cloud.dataflow_job import DataflowJob, timestamp
from tests.cluster.google_cloud.http_messages import ApiError, Request, Response, json_response

_JOBS: Final = r"/v1b3/projects/([^/]+)/locations/([^/]+)/jobs"
_JOB: Final = f"{_JOBS}/([^/]+)"
_NAME: Final = re.compile(r"[a-z]([-a-z0-9]{0,1022}[a-z0-9])?")
_IMPORTANCE: Final = ["DEBUG", "DETAILED", "BASIC", "WARNING", "ERROR"]
_ONLY_TELLING: Final = {"alt", "fields", "prettyPrint", "view"}


class DataflowApi:
    """Answers requests to Dataflow, and runs jobs.

    Attributes:
        jobs: all there ever were, the oldest first.
    """

    def __init__(self, folder: Path, environment: Mapping[str, str], hidden: Sequence[Path]) -> None:
        """Has no jobs yet.

        Args:
            folder: gets a folder for each job.
            environment: all that jobs get.
            hidden: folders that they do not see.
        """
        self._folder, self._environment, self._hidden = folder, environment, hidden
        self._places: dict[str, tuple[str, str]] = {}
        self._creating = threading.Lock()
        self.jobs: list[DataflowJob] = []
        self._known: list[tuple[str, str, Callable[..., Response], set[str]]] = [
            ("POST", _JOBS, self._create, set()),
            ("GET", _JOBS, self._list, set()),
            ("GET", _JOB, self._get, set()),
            ("PUT", _JOB, self._update, set()),
            ("GET", f"{_JOB}/messages", self._messages, {"startTime", "minimumImportance"}),
            ("GET", f"{_JOB}/metrics", self._metrics, set()),
        ]

    def answer(self, request: Request) -> Response | None:
        """Answers what it knows."""
        if request.host != "dataflow.googleapis.com":
            return None
        for method, path, answer, parameters in self._known:
            found = re.fullmatch(path, request.path) if method == request.method else None
            if found and set(request.query) <= parameters | _ONLY_TELLING:
                return answer(request, *found.groups())
        return None

    def stop(self) -> None:
        """Cancels what still runs."""
        for job in self.jobs:
            job.cancel()

    def _create(self, request: Request, project: str, location: str) -> Response:
        description = request.json()
        name = description["name"]
        if not _NAME.fullmatch(name):
            raise ApiError(400, f"The workflow could not be created. Causes: the job name {name} is invalid.")
        with self._creating:
            if any(job.name == name and not job.ended for job in self.jobs):
                message = f"The workflow could not be created. Causes: there is an active job named {name}."
                raise ApiError(409, message, "alreadyExists")
            place = {"projectId": project, "location": location}
            number = len(self.jobs) + 1
            job = DataflowJob(description | place, number, self._folder / f"{number}-{name}")
            self._places[job.id] = (project, location)
            self.jobs.append(job)
        created = job.described()
        job.start(self._environment, self._hidden)
        return json_response(created)

    def _list(self, request: Request, project: str, location: str) -> Response:
        here = [job for job in self.jobs if self._places[job.id] == (project, location)]
        return json_response({"jobs": [job.described() for job in here]})

    def _get(self, request: Request, *which: str) -> Response:
        return json_response(self._job(*which).described())

    def _update(self, request: Request, *which: str) -> Response:
        job, asked = self._job(*which), request.json().get("requestedState")
        if asked != "JOB_STATE_CANCELLED":
            raise ApiError(400, f"Cannot update the job to {asked}.")
        job.cancel()
        return json_response(job.described())

    def _messages(self, request: Request, *which: str) -> Response:
        job, since = self._job(*which), request.query.get("startTime", "")
        least = _rank(request.query.get("minimumImportance", "JOB_MESSAGE_DEBUG"))
        told = [
            message
            for message in list(job.messages)
            if message["time"] >= since and _rank(message["messageImportance"]) >= least
        ]
        return json_response({"jobMessages": told} if told else {})

    def _metrics(self, request: Request, *which: str) -> Response:
        now = timestamp()
        metrics: list[dict[str, Any]] = [
            {**metric, "updateTime": now} for metric in self._job(*which).metrics
        ]
        return json_response({"metricTime": now, "metrics": metrics})

    def _job(self, project: str, location: str, job_id: str) -> DataflowJob:
        if self._places.get(job_id) != (project, location):
            raise ApiError(404, f"Information about job {job_id} could not be found.", "notFound")
        return next(job for job in self.jobs if job.id == job_id)


def _rank(importance: str) -> int:
    return _IMPORTANCE.index(importance.removeprefix("JOB_MESSAGE_"))
