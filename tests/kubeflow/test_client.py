from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from components.contract import ConfigError
from kubeflow.client import KubeflowClient
from kubeflow.connection import connect
from kubeflow.pipeline_file import read_pipeline
from kubeflow.schedule_info import Trigger
from kubeflow.scheduling import end_schedule, set_schedule
from kubeflow.server_errors import ServerUnavailableError
from tests.kubeflow.api_models import NotInTheApiError, read_model
from tests.kubeflow.kfp_in_memory import FakeKfp

ARGUMENTS = {"images": "s3://bucket/images", "run_name": "", "overrides": ["training.epochs=3"]}


def trigger(client: KubeflowClient, pipeline_path: Path, **changes: Any) -> Trigger:
    """A weekly trigger of the pipeline, with these changes."""
    pipeline_id, version_id, _ = client.version(read_pipeline(pipeline_path))
    weekly = Trigger(
        cron="0 0 3 * * 1",
        start="2030-01-01T00:00:00Z",
        end=None,
        catch_up=False,
        concurrency=1,
        experiment_id=client.experiment("weekly"),
        pipeline_id=pipeline_id,
        version_id=version_id,
        arguments=ARGUMENTS,
        service_account=None,
    )
    return replace(weekly, **changes)


def run_once(client: KubeflowClient, pipeline_path: Path, name: str = "one") -> str:
    """Submits a run and returns its id."""
    pipeline_id, version_id, _ = client.version(read_pipeline(pipeline_path))
    experiment = client.experiment("flowers")
    return client.submit((pipeline_id, version_id), experiment, name, ARGUMENTS, "imgclf").run_id


def test_the_same_bytes_are_uploaded_once(
    client: KubeflowClient, kfp_server: FakeKfp, pipeline_path: Path, tmp_path: Path
) -> None:
    first = client.version(read_pipeline(pipeline_path))
    assert client.version(read_pipeline(pipeline_path)) == (*first[:2], False)
    assert first[2]
    changed = tmp_path / "changed.yaml"
    changed.write_bytes(pipeline_path.read_bytes() + b"\n")
    other = client.version(read_pipeline(changed))
    assert (other[0], other[2]) == (first[0], True)
    assert [each.display_name for each in kfp_server.pipelines] == ["flowers"]
    assert len(kfp_server.versions) == kfp_server.calls.count("POST /pipelines/upload_version") == 2


def test_a_run_gets_its_parameters(client: KubeflowClient, kfp_server: FakeKfp, pipeline_path: Path) -> None:
    run_id = run_once(client, pipeline_path)
    run_once(client, pipeline_path, "two")
    (experiment,) = kfp_server.experiments
    run = kfp_server.runs[0]
    assert run.runtime_config.parameters == ARGUMENTS
    assert (run.service_account, run.experiment_id) == ("imgclf", experiment.experiment_id)
    assert client.run(run_id).link == f"{kfp_server.host}/#/runs/details/{run_id}"


def test_parameters_that_the_pipeline_does_not_take_are_the_servers_refusal(
    client: KubeflowClient, pipeline_path: Path
) -> None:
    version = client.version(read_pipeline(pipeline_path))[:2]
    experiment = client.experiment("flowers")
    for wrong in ({"images": "x", "run_name": 7, "overrides": []}, {**ARGUMENTS, "more": "x"}, {}):
        with pytest.raises(ConfigError, match=r"refuses \(400\): .*parameter"):
            client.submit(version, experiment, "wrong", wrong, None)


def test_runs_newest_first_over_several_pages(
    client: KubeflowClient, pipeline_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kubeflow.client._PAGE", 2)
    for number in range(5):
        run_once(client, pipeline_path, str(number))
    assert [run.name for run in client.runs(4)] == ["4", "3", "2", "1"]
    assert [run.name for run in client.runs(50)] == ["4", "3", "2", "1", "0"]


def test_a_run_that_goes_on_has_not_finished_in_1970(
    client: KubeflowClient, kfp_server: FakeKfp, pipeline_path: Path
) -> None:
    run_id = run_once(client, pipeline_path)
    going = client.run(run_id)
    assert (going.state, going.finished, going.ended) == ("RUNNING", None, False)
    done = client.run(run_id)
    assert (done.state, done.ended, done.seconds()) == ("SUCCEEDED", True, 3725)
    kfp_server.states = ["PENDING", "FAILED"]
    failed = client.run(run_once(client, pipeline_path))
    assert (failed.failed_stages, failed.error) == (("Trainer",), "Trainer ran out of memory")


def test_a_schedule_says_on_the_server_what_was_asked_for(
    client: KubeflowClient, kfp_server: FakeKfp, pipeline_path: Path
) -> None:
    wanted = trigger(client, pipeline_path, catch_up=True, concurrency=3, end="2031-01-01T00:00:00Z")
    assert set_schedule(client, "weekly", wanted, enabled=False)[0] == "created"
    (there,) = kfp_server.schedules
    assert (there.mode, there.no_catchup, there.max_concurrency) == ("DISABLE", False, "3")
    assert there.trigger.cron_schedule.cron == "0 0 3 * * 1"
    assert client.schedules("weekly")[0].trigger.same_as(wanted)
    assert client.schedules("weakly") == []


def test_the_same_schedule_is_left_alone(
    client: KubeflowClient, kfp_server: FakeKfp, pipeline_path: Path
) -> None:
    weekly = trigger(client, pipeline_path)
    _, made = set_schedule(client, "weekly", weekly)
    assert set_schedule(client, "weekly", trigger(client, pipeline_path)) == ("unchanged", made)
    assert set_schedule(client, "weekly", weekly, enabled=False)[0] == "paused"
    assert not client.schedules("weekly")[0].enabled
    assert set_schedule(client, "weekly", weekly)[0] == "resumed"
    assert [each.recurring_run_id for each in kfp_server.schedules] == [made.schedule_id]
    assert client.schedules("weekly")[0].enabled


@pytest.mark.parametrize(
    "change",
    [
        {"cron": "0 0 4 * * 1"},
        {"start": None},
        {"end": "2031-01-01T00:00:00Z"},
        {"catch_up": True},
        {"concurrency": 2},
        {"arguments": {**ARGUMENTS, "span": "7"}},
        {"service_account": "imgclf"},
    ],
)
def test_a_schedule_that_differs_is_replaced(
    client: KubeflowClient, kfp_server: FakeKfp, pipeline_path: Path, change: dict[str, Any]
) -> None:
    _, first = set_schedule(client, "weekly", trigger(client, pipeline_path))
    outcome, second = set_schedule(client, "weekly", trigger(client, pipeline_path, **change))
    assert (outcome, kfp_server.most_enabled) == ("replaced", 1)
    assert [each.recurring_run_id for each in kfp_server.schedules] == [second.schedule_id]
    assert client.schedules("weekly")[0].enabled and second.schedule_id != first.schedule_id


def test_two_that_come_from_elsewhere_become_one(
    client: KubeflowClient, kfp_server: FakeKfp, pipeline_path: Path
) -> None:
    weekly = trigger(client, pipeline_path)
    for _ in range(2):
        client.create_schedule("weekly", weekly, enabled=True)
    assert set_schedule(client, "weekly", weekly)[0] == "replaced"
    assert len(kfp_server.schedules) == 1


def test_a_failure_half_way_leaves_the_old_schedule_alone(
    client: KubeflowClient, kfp_server: FakeKfp, pipeline_path: Path
) -> None:
    _, first = set_schedule(client, "weekly", trigger(client, pipeline_path))
    other = trigger(client, pipeline_path, concurrency=2)
    kfp_server.failures = {"POST /recurringruns": (500, '{"message": "no disk"}')}
    with pytest.raises(ServerUnavailableError, match="no disk"):
        set_schedule(client, "weekly", other)
    kfp_server.failures = {f"DELETE /recurringruns/{first.schedule_id}": (503, "busy")}
    with pytest.raises(ServerUnavailableError, match="503 Service Unavailable"):
        set_schedule(client, "weekly", other)
    assert [each.recurring_run_id for each in kfp_server.schedules] == [first.schedule_id]
    assert client.schedules("weekly")[0].enabled


def test_a_schedule_ends_by_its_name(
    client: KubeflowClient, kfp_server: FakeKfp, pipeline_path: Path
) -> None:
    for name in ("weekly", "nightly"):
        set_schedule(client, name, trigger(client, pipeline_path))
    assert end_schedule(client, "weekly", keep=True) == 1
    assert [(each.name, each.enabled) for each in client.schedules()] == [
        ("weekly", False),
        ("nightly", True),
    ]
    assert end_schedule(client, "weekly") == 1
    with pytest.raises(ConfigError, match="There is no schedule named weekly; there are nightly"):
        end_schedule(client, "weekly")
    end_schedule(client, "nightly")
    with pytest.raises(ConfigError, match="there are none at all"):
        end_schedule(client, "nightly")


def test_several_users(kfp_server: FakeKfp, pipeline_path: Path) -> None:
    kfp_server.multi_user = True
    with pytest.raises(ConfigError, match="has several users: give yours as --namespace"):
        connect(kfp_server.host, None)
    client = KubeflowClient(connect(kfp_server.host, "team"))
    run_once(client, pipeline_path)
    assert client.runs(3)[0].name == "one"
    assert {each.namespace for each in (*kfp_server.pipelines, *kfp_server.experiments)} == {"team"}
    kfp_server.multi_user = False
    assert connect(kfp_server.host, "kubeflow").namespace is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": "x"},
        {"display_name": ["x"]},
        {"mode": "ON"},
        {"trigger": {"cron_schedule": {"start_time": "tomorrow"}}},
        {"runtime_config": {"parameters": {}, "params": {}}},
        {"no_catchup": "yes"},
    ],
)
def test_the_fake_server_refuses_what_the_api_does_not_define(wrong: dict[str, Any]) -> None:
    with pytest.raises(NotInTheApiError):
        read_model(wrong, "V2beta1RecurringRun")
