"""What a KFP API server knows and does, in memory; as strict about requests as KFP's own definitions."""

from __future__ import annotations

import json
import re
import uuid
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from email import message_from_bytes
from typing import Any

import kfp_server_api as api
import yaml
from google.protobuf import json_format
from kfp.pipeline_spec import pipeline_spec_pb2

from tests.kubeflow.api_models import read_model

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_LISTING = {"page_token", "page_size", "sort_by", "filter"}
_TYPES = {"STRING": str, "LIST": list, "STRUCT": dict, "BOOLEAN": bool}


class RefusedError(Exception):
    """An answer that is an error."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


@dataclass
class FakeKfp:
    """What the server holds, and how it shall behave.

    Attributes:
        host: its address.
        token: that requests have to bear; None to let everyone in.
        multi_user: whether lists need a namespace.
        failures: status and body by "METHOD /path", for requests that shall fail.
        states: that runs go through, one at each look; the last one stays.
        most_enabled: how many schedules have been enabled at the same time.
        calls: "METHOD /path" of each request.
    """

    host: str = ""
    token: str | None = None
    multi_user: bool = False
    failures: dict[str, tuple[int, str]] = field(default_factory=dict)
    states: list[str] = field(default_factory=lambda: ["PENDING", "RUNNING", "SUCCEEDED"])
    most_enabled: int = 0
    calls: list[str] = field(default_factory=list)
    pipelines: list[api.V2beta1Pipeline] = field(default_factory=list)
    versions: list[api.V2beta1PipelineVersion] = field(default_factory=list)
    experiments: list[api.V2beta1Experiment] = field(default_factory=list)
    runs: list[api.V2beta1Run] = field(default_factory=list)
    schedules: list[api.V2beta1RecurringRun] = field(default_factory=list)
    looks: dict[str, int] = field(default_factory=dict)
    clock: datetime = datetime(2030, 1, 1, tzinfo=timezone.utc)

    def answer(self, method: str, path: str, query: dict[str, str], body: bytes, content_type: str) -> Any:
        """Does what a request asks for."""
        name, _, verb = path.partition(":")
        parts = name.removeprefix("/apis/v2beta1/").split("/")
        match [method, *parts]:
            case ["GET", "healthz"]:
                return api.V2beta1GetHealthzResponse(multi_user=self.multi_user or None)
            case ["GET", "pipelines"]:
                return self._list(self.pipelines, "Pipelines", query, {"namespace"})
            case ["POST", "pipelines"]:
                return self._add_pipeline(_body(body, "V2beta1Pipeline"))
            case ["GET", "pipelines", pipeline_id, "versions"]:
                own = [each for each in self.versions if each.pipeline_id == pipeline_id]
                return self._list(own, "PipelineVersions", query, set())
            case ["POST", "pipelines", "upload_version"]:
                return self._upload(query, body, content_type)
            case ["GET", "experiments"]:
                return self._list(self.experiments, "Experiments", query, {"namespace"})
            case ["POST", "experiments"]:
                return self._add(self.experiments, _body(body, "V2beta1Experiment"), "experiment_id")
            case ["GET", "runs"]:
                return self._list(self.runs, "Runs", query, {"namespace", "experiment_id"})
            case ["POST", "runs"]:
                return self._add_run(_body(body, "V2beta1Run"))
            case ["GET", "runs", run_id]:
                return self._look_at(_find(self.runs, "run_id", run_id))
            case ["GET", "recurringruns"]:
                return self._list(self.schedules, "RecurringRuns", query, {"namespace", "experiment_id"})
            case ["POST", "recurringruns"] if not verb:
                return self._add_schedule(_body(body, "V2beta1RecurringRun"))
            case ["POST", "recurringruns", schedule_id] if verb in ("enable", "disable"):
                found = _find(self.schedules, "recurring_run_id", schedule_id)
                found.status = f"{verb}d".upper()
                found.mode = verb.upper()
                return self._count_enabled({})
            case ["DELETE", "recurringruns", schedule_id]:
                self.schedules.remove(_find(self.schedules, "recurring_run_id", schedule_id))
                return {}
        raise RefusedError(404, "Not Found")

    def _list(self, items: list[Any], plural: str, query: dict[str, str], further: set[str]) -> Any:
        _only(query, _LISTING | further)
        if self.multi_user and "namespace" in further and not query.get("namespace"):
            raise RefusedError(400, "Namespace is empty in multi-user mode")
        for predicate in _predicates(query.get("filter") or "{}"):
            if predicate.operation != "EQUALS" or predicate.key != "display_name":
                raise RefusedError(400, f"No filter by {predicate.key} {predicate.operation} here")
            items = [each for each in items if each.display_name == predicate.string_value]
        order = query.get("sort_by") or "created_at asc"
        if order not in ("created_at asc", "created_at desc"):
            raise RefusedError(400, f"Invalid sorting field: {order}")
        items = sorted(items, key=lambda each: each.created_at, reverse=order.endswith("desc"))
        first, size = int(query.get("page_token") or 0), int(query.get("page_size") or 20)
        if not 0 < size <= 200:
            raise RefusedError(400, "The page size should be between 1 and 200")
        more = str(first + size) if first + size < len(items) else None
        field_name = re.sub(r"(?<!^)(?=[A-Z])", "_", plural).lower()
        response = getattr(api, f"V2beta1List{plural}Response")
        return response(**{field_name: items[first : first + size] or None}, next_page_token=more)

    def _add(self, items: list[Any], item: Any, id_field: str) -> Any:
        if not item.display_name:
            raise RefusedError(400, "The name is empty")
        if (
            self.multi_user
            and hasattr(item, "storage_state")
            and id_field == "experiment_id"
            and not item.namespace
        ):
            raise RefusedError(400, "Namespace is empty in multi-user mode")
        setattr(item, id_field, str(uuid.uuid4()))
        self.clock += timedelta(seconds=1)
        item.created_at = self.clock
        items.append(item)
        return item

    def _add_pipeline(self, pipeline: api.V2beta1Pipeline) -> api.V2beta1Pipeline:
        if any(each.display_name == pipeline.display_name for each in self.pipelines):
            raise RefusedError(409, f"The name {pipeline.display_name} already exists")
        return self._add(self.pipelines, pipeline, "pipeline_id")

    def _upload(self, query: dict[str, str], body: bytes, content_type: str) -> api.V2beta1PipelineVersion:
        _only(query, {"name", "pipelineid", "description"})
        (part,) = message_from_bytes(f"Content-Type: {content_type}\n\n".encode() + body).get_payload()
        assert part.get_param("name", header="content-disposition") == "uploadfile"
        if not str(part.get_filename()).endswith((".yaml", ".yml")):
            raise RefusedError(400, "Unexpected pipeline file format")
        pipeline_id = _find(self.pipelines, "pipeline_id", query["pipelineid"]).pipeline_id
        documents = list(yaml.safe_load_all(part.get_payload(decode=True)))
        json_format.ParseDict(documents[0], pipeline_spec_pb2.PipelineSpec())
        same = [each for each in self.versions if each.pipeline_id == pipeline_id]
        if any(each.display_name == query["name"] for each in same):
            raise RefusedError(409, f"The name {query['name']} already exists")
        version = api.V2beta1PipelineVersion(
            pipeline_id=pipeline_id, display_name=query["name"], pipeline_spec=documents[0]
        )
        return self._add(self.versions, version, "pipeline_version_id")

    def _add_run(self, run: api.V2beta1Run) -> api.V2beta1Run:
        self._check_work(run)
        run.state, run.finished_at = self.states[0], _EPOCH
        return self._add(self.runs, run, "run_id")

    def _add_schedule(self, schedule: api.V2beta1RecurringRun) -> api.V2beta1RecurringRun:
        self._check_work(schedule)
        if not 1 <= int(schedule.max_concurrency) <= 10:
            raise RefusedError(400, "The max concurrency of the job is out of range. Support 1-10")
        if len(schedule.trigger.cron_schedule.cron.split()) != 6:
            raise RefusedError(400, "The cron expression needs its seconds here")
        schedule.max_concurrency = str(schedule.max_concurrency)
        schedule.status = {"ENABLE": "ENABLED", "DISABLE": "DISABLED"}[schedule.mode]
        schedule.service_account = schedule.service_account or "pipeline-runner"
        return self._count_enabled(self._add(self.schedules, schedule, "recurring_run_id"))

    def _count_enabled(self, answer: Any) -> Any:
        enabled = sum(each.mode == "ENABLE" for each in self.schedules)
        self.most_enabled = max(self.most_enabled, enabled)
        return answer

    def _check_work(self, work: Any) -> None:
        """That the experiment and the version are there, and the parameters are the pipeline's."""
        _find(self.experiments, "experiment_id", work.experiment_id)
        version = _find(
            self.versions, "pipeline_version_id", work.pipeline_version_reference.pipeline_version_id
        )
        inputs = version.pipeline_spec["root"].get("inputDefinitions", {}).get("parameters", {})
        given = work.runtime_config.parameters or {}
        for name, value in given.items():
            if name not in inputs:
                raise RefusedError(400, f"parameter {name} is not defined by the pipeline")
            if not isinstance(value, _TYPES[inputs[name]["parameterType"]]):
                raise RefusedError(400, f"input parameter {name} is of the wrong type")
        for name, each in inputs.items():
            if name not in given and not each.get("isOptional") and "defaultValue" not in each:
                raise RefusedError(400, f"pipeline requires input for parameter: {name}")

    def _look_at(self, run: api.V2beta1Run) -> api.V2beta1Run:
        look = self.looks[run.run_id] = self.looks.get(run.run_id, 0) + 1
        run.state = self.states[min(look, len(self.states) - 1)]
        if run.state in ("SUCCEEDED", "FAILED", "CANCELED"):
            run.finished_at = run.created_at + timedelta(seconds=3725)
        if run.state == "FAILED":
            tasks = [("Trainer", "FAILED"), ("Pusher", "SKIPPED")]
            run.error = api.GooglerpcStatus(code=1, message="Trainer ran out of memory")
            run.run_details = api.V2beta1RunDetails(
                task_details=[api.V2beta1PipelineTaskDetail(display_name=n, state=s) for n, s in tasks]
            )
        return run


def _body(body: bytes, kind: str) -> Any:
    return read_model(json.loads(body), kind)


def _predicates(text: str) -> list[Any]:
    """A filter's; as proto's JSON goes, enums may be numbers, and names may be written as in JSON."""
    data = json.loads(text)
    for each in data.get("predicates", []):
        if "stringValue" in each:
            each["string_value"] = each.pop("stringValue")
        if isinstance(each.get("operation"), int):
            each["operation"] = api.V2beta1PredicateOperation.allowable_values[each["operation"]]
    return read_model(data, "V2beta1Filter").predicates or []


def _only(query: dict[str, str], known: set[str]) -> None:
    if query.keys() - known:
        raise RefusedError(400, f"unknown query parameters {query.keys() - known}")


def _find(items: list[Any], id_field: str, value: str) -> Any:
    for item in items:
        if getattr(item, id_field) == value:
            return item
    raise RefusedError(404, f"{id_field} {value} not found")
