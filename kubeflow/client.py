"""Pipelines, runs and schedules on a server of Kubeflow Pipelines, through `kfp.Client`."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from typing import Any, Final

from components.contract import ConfigError
from kubeflow.connection import Connection
from kubeflow.pipeline_file import PipelineFile
from kubeflow.run_info import RunInfo
from kubeflow.schedule_info import Schedule, Trigger
from kubeflow.server_errors import server_errors

_PAGE: Final = 100


class KubeflowClient:
    """What imgclf asks of a server. Every method raises ConfigError for what the server does not do."""

    def __init__(self, connection: Connection) -> None:
        """Uses a connection.

        Args:
            connection: to a server that has answered.
        """
        self._connection = connection
        self._kfp = connection.client

    def version(self, pipeline: PipelineFile) -> tuple[str, str, bool]:
        """Finds a pipeline on the server, and uploads it where these bytes are not there yet.

        Returns:
            The ids of the pipeline and of its version, and whether it was uploaded.
        """
        with self._calling():
            pipeline_id = self._pipeline_id(pipeline.name)
            known = self._kfp.list_pipeline_versions(
                pipeline_id, filter=_named(pipeline.version)
            ).pipeline_versions
            if known:
                return pipeline_id, known[0].pipeline_version_id, False
            uploaded = self._kfp.upload_pipeline_version(
                str(pipeline.path), pipeline_version_name=pipeline.version, pipeline_id=pipeline_id
            )
            return pipeline_id, uploaded.pipeline_version_id, True

    def experiment(self, name: str) -> str:
        """Id of an experiment, which is created where there is none of that name."""
        with self._calling():
            return self._kfp.create_experiment(name, namespace=self._connection.namespace).experiment_id

    def submit(
        self,
        version: tuple[str, str],
        experiment_id: str,
        name: str,
        arguments: Mapping[str, Any],
        service_account: str | None,
    ) -> RunInfo:
        """Starts a run.

        Args:
            version: ids of the pipeline and of its version.
            experiment_id: of the experiment that it belongs to.
            name: of the run.
            arguments: the pipeline's.
            service_account: of the pods; None for the server's default.
        """
        with self._calling():
            run = self._kfp.run_pipeline(
                experiment_id,
                name,
                params=dict(arguments),
                pipeline_id=version[0],
                version_id=version[1],
                service_account=service_account,
            )
        return self._info(run)

    def run(self, run_id: str) -> RunInfo:
        """A run as it is now."""
        with self._calling():
            return self._info(self._kfp.get_run(run_id))

    def runs(self, limit: int) -> list[RunInfo]:
        """The newest runs, newest first, no more than the limit."""
        found: list[RunInfo] = []
        for run in self._pages(self._kfp.list_runs, "runs", min(limit, _PAGE), sort_by="created_at desc"):
            found.append(self._info(run))
            if len(found) == limit:
                break
        return found

    def schedules(self, name: str | None = None) -> list[Schedule]:
        """All schedules, or those of a name."""
        query = {} if name is None else {"filter": _named(name)}
        return [
            Schedule.of(each)
            for each in self._pages(self._kfp.list_recurring_runs, "recurring_runs", _PAGE, **query)
        ]

    def create_schedule(self, name: str, trigger: Trigger, enabled: bool) -> Schedule:
        """Creates a schedule, also where there is one of that name."""
        with self._calling():
            created = self._kfp.create_recurring_run(
                trigger.experiment_id,
                name,
                start_time=trigger.start,
                end_time=trigger.end,
                cron_expression=trigger.cron,
                max_concurrency=trigger.concurrency,
                no_catchup=not trigger.catch_up,
                params=dict(trigger.arguments),
                pipeline_id=trigger.pipeline_id,
                version_id=trigger.version_id,
                enabled=enabled,
                service_account=trigger.service_account,
            )
        return Schedule.of(created)

    def enable_schedule(self, schedule_id: str) -> None:
        """Lets a schedule start runs."""
        with self._calling():
            self._kfp.enable_recurring_run(schedule_id)

    def disable_schedule(self, schedule_id: str) -> None:
        """Keeps a schedule, but lets it start no more runs."""
        with self._calling():
            self._kfp.disable_recurring_run(schedule_id)

    def delete_schedule(self, schedule_id: str) -> None:
        """Deletes a schedule; runs that it has started stay."""
        with self._calling():
            self._kfp.delete_recurring_run(schedule_id)

    def _calling(self) -> AbstractContextManager[None]:
        return server_errors(self._connection.host)

    def _info(self, run: Any) -> RunInfo:
        return RunInfo.of(run, self._connection.run_link(run.run_id))

    def _pipeline_id(self, name: str) -> str:
        namespace = self._connection.namespace
        found = self._kfp.list_pipelines(filter=_named(name), namespace=namespace).pipelines or []
        if len(found) > 1:
            raise ConfigError(
                f"Kubeflow Pipelines at {self._connection.host} has {len(found)} pipelines named {name}. "
                "Delete all but one there, or compile it under another name."
            )
        if found:
            return found[0].pipeline_id
        # Uploading would create the pipeline too, with a first version that is named after it.
        body = self._kfp.api_models.V2beta1Pipeline(display_name=name, namespace=namespace)
        return self._kfp.pipelines.pipeline_service_create_pipeline(body).pipeline_id

    def _pages(self, fetch: Callable[..., Any], field: str, size: int, **query: str) -> Iterator[Any]:
        token = ""
        while True:
            with self._calling():
                page = fetch(page_token=token, page_size=size, namespace=self._connection.namespace, **query)
            yield from getattr(page, field) or []
            token = page.next_page_token
            if not token:
                return


def _named(name: str) -> str:
    predicate = {"operation": "EQUALS", "key": "display_name", "string_value": name}
    return json.dumps({"predicates": [predicate]})
