from __future__ import annotations

import builtins
import socket
import time
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
    assert outcome == "replaced"
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


def test_a_token_comes_from_the_environment(
    kfp_server: FakeKfp, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    kfp_server.token = "secret"
    with pytest.raises(ConfigError, match="does not let you in .401 .*no user identity.*KFP_EXISTING_TOKEN"):
        connect(kfp_server.host, None)
    (tmp_path / "token").write_text("secret\n")
    monkeypatch.setenv("KF_PIPELINES_SA_TOKEN_PATH", str(tmp_path / "token"))
    connect(kfp_server.host, None)
    monkeypatch.setenv("KFP_EXISTING_TOKEN", "wrong")
    with pytest.raises(ConfigError, match="does not let you in") as refused:
        connect(kfp_server.host, None)
    assert "wrong" not in str(refused.value)


@pytest.mark.parametrize(
    ("status", "body", "complaint"),
    [
        (401, "", "does not let you in .401 Unauthorized."),
        (403, '{"message": "no access\\nat all."}', "does not let you in .403 no access at all."),
        (404, "<html>", "knows of no such thing .404 Not Found.. Is --host"),
        (500, '{"error_message": "broken"}', "failed .500 broken.. Try again"),
        (400, '{"message": 7}', r"refuses .400.: Bad Request"),
        (200, "<html>log in</html>", "answers with a web page, maybe one to log in with"),
    ],
)
def test_failures_in_a_sentence_and_at_once(
    kfp_server: FakeKfp,
    capfd: pytest.CaptureFixture[str],
    status: int,
    body: str,
    complaint: str,
) -> None:
    kfp_server.failures = {"GET /healthz": (status, body)}
    began = time.monotonic()
    with pytest.raises(ConfigError, match=complaint) as refused:
        connect(kfp_server.host, None)
    assert kfp_server.host in str(refused.value)
    assert len(kfp_server.calls) == 1
    assert time.monotonic() - began < 5
    assert capfd.readouterr() == ("", "")


def test_a_server_that_is_down(kfp_server: FakeKfp, capfd: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        host = f"http://127.0.0.1:{nobody.getsockname()[1]}"
        with pytest.raises(ServerUnavailableError, match=f"at {host} does not answer: .*Connection refused"):
            connect(host, None)
    assert capfd.readouterr() == ("", "")


def test_a_server_of_another_protocol(kfp_server: FakeKfp) -> None:
    with pytest.raises(ServerUnavailableError, match="does not answer: .*SSL"):
        connect(kfp_server.host.replace("http:", "https:"), None)


@pytest.mark.parametrize("host", ["ftp://x", "http://", "http://x:port", "http://x:0"])
def test_a_host_that_is_no_address(host: str) -> None:
    with pytest.raises(ConfigError, match="is no address; it looks like"):
        connect(host, None)


def test_without_kfp(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name: str, *args: Any, **more: Any) -> Any:
        if name.split(".")[0] == "kfp":
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        return real(name, *args, **more)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ConfigError, match=r"pip install 'imgclf\[kubeflow\]'"):
        connect("http://x", None)


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
