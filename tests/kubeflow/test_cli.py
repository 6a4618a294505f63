from __future__ import annotations

import json
import shlex
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import EntryPoint
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from components.contract import ConfigError
from kubeflow import submit_command
from kubeflow.schedule_info import utc_time
from pipeline import cli
from pipeline.commands.further_commands import GROUP
from tests.contracts.test_readme import commands_run_by
from tests.e2e.command_line import ROOT
from tests.kubeflow.kfp_in_memory import FakeKfp


@dataclass(frozen=True)
class Done:
    """What a command came to."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """What it printed, which has to be JSON and nothing else."""
        return json.loads(self.out)


Command = Callable[..., Done]


@pytest.fixture
def kubeflow(
    kfp_server: FakeKfp, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Command:
    """Runs `imgclf kubeflow …` as its own process would, against the server."""
    point = EntryPoint("kubeflow", "kubeflow.cli:app", GROUP)
    monkeypatch.setattr("importlib.metadata.distribution", lambda name: SimpleNamespace(entry_points=[point]))
    monkeypatch.setenv("KFP_ENDPOINT", kfp_server.host)
    monkeypatch.setenv("COLUMNS", "200")

    def run(*words: str | Path) -> Done:
        monkeypatch.setattr("sys.argv", ["imgclf", "kubeflow", *map(str, words)])
        capfd.readouterr()
        with pytest.raises(SystemExit) as exit_:
            cli.main()
        printed = capfd.readouterr()
        assert "Traceback" not in printed.err
        return Done(int(exit_.value.code or 0), printed.out, printed.err)

    return run


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Waiting looks at the run without a pause."""
    monkeypatch.setattr(submit_command.time, "sleep", lambda seconds: None)


def test_submit(kubeflow: Command, kfp_server: FakeKfp, pipeline_path: Path) -> None:
    words = ("submit", pipeline_path, "--images", "s3://b/i", "--set", "training.epochs=3", "--set", "name=x")
    done = kubeflow(*words, "--run-name", "first", "--span", "7", "--experiment", "trials")
    assert (done.code, done.err) == (0, "")
    (run,) = kfp_server.runs
    assert done.out.splitlines() == [
        f"Pipeline: flowers {kfp_server.versions[0].display_name}, uploaded",
        "Run:      first in trials",
        f"Link:     {kfp_server.host}/#/runs/details/{run.run_id}",
    ]
    assert run.runtime_config.parameters == {
        "images": "s3://b/i",
        "span": "7",
        "run_name": "first",
        "overrides": ["training.epochs=3", "name=x"],
    }
    again = kubeflow(*words, "--json")
    assert (again.json["uploaded"], again.json["experiment"]) == (False, "flowers")
    assert again.json["name"].startswith("flowers-20")
    assert kfp_server.runs[1].runtime_config.parameters["run_name"] == again.json["name"]


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize(("last", "code"), [("SUCCEEDED", 0), ("FAILED", 1), ("CANCELED", 1), ("SKIPPED", 1)])
def test_submit_wait_ends_as_the_run_does(
    kubeflow: Command, kfp_server: FakeKfp, pipeline_path: Path, last: str, code: int
) -> None:
    kfp_server.states = ["PENDING", "RUNNING", "RUNNING", last]
    done = kubeflow("submit", pipeline_path, "--images", "x", "--wait")
    assert done.code == code
    assert done.out.count("running") == 1
    assert f"State:    {last.lower()} after " in done.out
    assert ("Failed:   Trainer\nReason:   Trainer ran out of memory" in done.out) == (last == "FAILED")
    as_json = kubeflow("submit", pipeline_path, "--images", "x", "--wait", "--json")
    assert (as_json.code, as_json.json["state"]) == (code, last)


@pytest.mark.usefixtures("quick")
def test_waiting_outlives_a_server_that_is_away_for_a_while(
    kubeflow: Command, kfp_server: FakeKfp, pipeline_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    polls = []

    def sleep(seconds: float) -> None:
        polls.append(seconds)
        # Twice nearly too long, with one answer between.
        failing = len(polls) > 1 and len(polls) % submit_command._POLLS_WITHOUT_ANSWER != 1
        kfp_server.failures = {"GET /runs/": (503, "upgrade")} if failing else {}

    monkeypatch.setattr(submit_command.time, "sleep", sleep)
    kfp_server.states = ["PENDING", *["RUNNING"] * 3, "SUCCEEDED"]
    assert kubeflow("submit", pipeline_path, "--images", "x", "--wait").code == 0
    assert len(polls) == 1 + 2 * submit_command._POLLS_WITHOUT_ANSWER


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize(("status", "looks"), [(503, submit_command._POLLS_WITHOUT_ANSWER), (401, 1)])
def test_waiting_that_cannot_go_on_says_that_the_run_does(
    kubeflow: Command, kfp_server: FakeKfp, pipeline_path: Path, status: int, looks: int
) -> None:
    kfp_server.failures = {"GET /runs/": (status, "")}
    done = kubeflow("submit", pipeline_path, "--images", "x", "--wait")
    assert done.code == 2
    link = f"{kfp_server.host}/#/runs/details/{kfp_server.runs[0].run_id}"
    assert done.err.endswith(f"The run itself goes on: {link}\n")
    assert sum(call.startswith("GET /runs/") for call in kfp_server.calls) == looks


def test_schedule_replaces_and_leaves_alone(
    kubeflow: Command, kfp_server: FakeKfp, pipeline_path: Path
) -> None:
    words = ("schedule", pipeline_path, "--cron", "0 3 * * 1", "--images", "x", "--name", "weekly")
    first = kubeflow(*words, "--start", "2099-01-01", "--end", "2099-02-01T06:00+01:00", "--catch-up")
    assert (first.code, first.err) == (0, "")
    assert "Schedule: weekly created\nCron:     0 0 3 * * 1 (seconds first" in first.out
    cron = kfp_server.schedules[0].trigger.cron_schedule
    assert (cron.start_time.isoformat(), cron.end_time.isoformat()) == (
        "2099-01-01T00:00:00+00:00",
        "2099-02-01T05:00:00+00:00",
    )
    assert kfp_server.schedules[0].no_catchup is False
    second = kubeflow(*words, "--concurrency", "2", "--json")
    assert (second.json["outcome"], second.json["concurrency"], second.json["enabled"]) == (
        "replaced",
        2,
        True,
    )
    assert kfp_server.schedules[0].no_catchup is True
    third = kubeflow(*words, "--concurrency", "2")
    assert "Schedule: weekly is the same already; nothing to do" in third.out
    assert [each.recurring_run_id for each in kfp_server.schedules] == [second.json["schedule_id"]]
    assert kubeflow(*words, "--concurrency", "2", "--paused", "--json").json["outcome"] == "paused"
    assert kubeflow(*words, "--concurrency", "3", "--paused", "--json").json["outcome"] == "replaced"
    (paused,) = kubeflow("schedules", "--json").json
    assert (paused["concurrency"], paused["enabled"]) == (3, False)


def test_schedules_and_unschedule(kubeflow: Command, pipeline_path: Path) -> None:
    assert kubeflow("schedules").out == "There are no schedules.\n"
    assert kubeflow("schedule", pipeline_path, "--cron", "@daily", "--images", "x").code == 0
    assert kubeflow("schedules").out.splitlines()[1].split() == ["flowers", *"0 0 0 * * * on no 1".split()]
    assert kubeflow("unschedule", "flowers", "--keep").out == "Schedule flowers pauses.\n"
    assert " paused " in kubeflow("schedules").out
    (paused,) = kubeflow("schedules", "--json").json
    assert (paused["name"], paused["enabled"]) == ("flowers", False)
    assert (
        kubeflow("unschedule", "flowers").out == "Schedule flowers is deleted; runs that it started go on.\n"
    )
    gone = kubeflow("unschedule", "flowers")
    assert (gone.code, gone.err) == (2, "Error: There is no schedule named flowers; there are none at all.\n")


def test_runs(kubeflow: Command, kfp_server: FakeKfp, pipeline_path: Path) -> None:
    assert kubeflow("runs").out == "There are no runs.\n"
    kfp_server.states = ["PENDING", "FAILED"]
    for name in ("one", "two"):
        kubeflow("submit", pipeline_path, "--images", "x", "--run-name", name, "--wait")
    listed = kubeflow("runs").out.splitlines()[1:]
    assert [line.split()[:2] for line in listed] == [["two", "failed"], ["one", "failed"]]
    assert " 1:02:05 " in listed[0] and f"{kfp_server.host}/#/runs/details/" in listed[0]
    (newest,) = kubeflow("runs", "--limit", "1", "--json").json
    assert (newest["name"], newest["seconds"], newest["failed_stages"]) == ("two", 3725, ["Trainer"])


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("submit", "no.yaml"), "There is no file no.yaml"),
        (("submit", "PIPELINE"), "cannot do without --images"),
        (("submit", "PIPELINE", "--images", "x", "--set", "epochs"), "--set epochs: a setting is changed"),
        (("schedule", "PIPELINE", "--images", "x", "--cron", "61 * * * *"), "'61' is no minute"),
        (
            ("schedule", "PIPELINE", "--images", "x", "--cron", "@daily", "--start", "soon"),
            "--start 'soon' is no",
        ),
        (
            (
                "schedule",
                "PIPELINE",
                "--images",
                "x",
                "--cron",
                "@daily",
                "--start",
                "0001-01-01T00:00+01:00",
            ),
            "is no time",
        ),
        (
            ("schedule", "PIPELINE", "--images", "x", "--cron", "@daily", "--end", "2001-01-01"),
            "nothing would",
        ),
        (
            ("schedule", "PIPELINE", "--cron", "@daily", "--start", "2099-01-02", "--end", "2099-01-02"),
            "is not after --start",
        ),
        (
            ("schedule", "PIPELINE", "--images", "x", "--cron", "@daily", "--concurrency", "11"),
            "'--concurrency'",
        ),
        (("runs", "--limit", "0"), "'--limit'"),
        (("submit",), "Missing argument"),
    ],
)
def test_what_is_wrong_before_the_server_is_asked(
    kubeflow: Command, kfp_server: FakeKfp, pipeline_path: Path, words: tuple[str, ...], complaint: str
) -> None:
    done = kubeflow(*(pipeline_path if word == "PIPELINE" else word for word in words))
    assert done.code == 2
    assert complaint in done.err
    assert kfp_server.calls == []


@pytest.mark.parametrize(
    "words", [("runs",), ("schedules",), ("unschedule", "x"), ("submit",), ("schedule",)]
)
def test_a_server_that_fails(
    kubeflow: Command, kfp_server: FakeKfp, pipeline_path: Path, words: tuple[str, ...]
) -> None:
    further = {
        "submit": [pipeline_path, "--images=x"],
        "schedule": [pipeline_path, "--images=x", "--cron=@daily"],
    }
    call = (*words, *further.get(words[0], []))
    kfp_server.failures = {"GET /": (500, '{"message": "out of order"}')}
    done = kubeflow(*call)
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith(f"Error: Kubeflow Pipelines at {kfp_server.host} failed (500 out of order).")
    refused = kubeflow(*call, "--host", "http://127.0.0.1:1")
    assert (refused.code, refused.out) == (2, "")
    assert refused.err.startswith("Error: Kubeflow Pipelines at http://127.0.0.1:1 does not answer: ")


def test_times() -> None:
    assert utc_time("--start", "2030-01-31") == "2030-01-31T00:00:00Z"
    assert utc_time("--start", "2030-01-31T06:00:00Z") == "2030-01-31T06:00:00Z"
    assert utc_time("--start", "2030-01-31T00:30+01:00") == "2030-01-30T23:30:00Z"
    assert utc_time("--start", None) is None
    with pytest.raises(ConfigError, match="--end '31.1.2030' is no time"):
        utc_time("--end", "31.1.2030")


def test_the_readmes_commands(
    kubeflow: Command, kfp_server: FakeKfp, quick: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copy(ROOT / "kubeflow" / "pipeline.yaml", tmp_path / "photos-pipeline.yaml")
    monkeypatch.chdir(tmp_path)
    words = [shlex.split(command) for command in commands_run_by("tests/kubeflow/test_cli.py")]
    assert [each[:3] for each in words] == [
        ["imgclf", "kubeflow", name] for name in ("submit", "schedule", "runs", "unschedule")
    ]
    for _, _, *rest in words:
        assert kubeflow(*rest).code == 0
    assert [run.service_account for run in kfp_server.runs] == ["imgclf"]
