"""What a step in a pod leaves behind: lines and an exit code."""

from __future__ import annotations

import json
import logging
import os
import signal
from collections.abc import Iterator
from typing import Any

import pytest

from components.contract import ConfigError, DataError
from components.progress import report_progress
from pipeline.steps import pod_log
from pipeline.steps.pod_log import logger, step


@pytest.fixture(autouse=True)
def _logging_as_before() -> Iterator[None]:
    before = logger.level
    yield
    logger.setLevel(before)


def _lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_lines_are_json_and_say_which_stage_of_which_run(capsys: pytest.CaptureFixture[str]) -> None:
    with step("Trainer", "run-1") as ended:
        logger.info("one\ntwo")
        logging.getLogger("elsewhere").info("not of interest")
        logging.getLogger("elsewhere").warning("of interest")
    first, second, last = _lines(capsys)
    assert first | {"time": ""} == {
        "time": "",
        "severity": "INFO",
        "stage": "Trainer",
        "run": "run-1",
        "logger": "imgclf",
        "message": "one\ntwo",
    }
    assert (second["severity"], second["message"]) == ("WARNING", "of interest")
    assert last["message"].startswith("done in ")
    assert ended.exit_code == 0


@pytest.mark.parametrize(
    ("error", "exit_code", "mistake"),
    [
        (DataError("Too few cats."), 3, "Too few cats."),
        (ConfigError("No such folder."), 2, "No such folder."),
        # Another attempt may find the disk empty again.
        (OSError(28, "No space left on device", "/v/x"), 2, None),
        (ZeroDivisionError("oh"), 1, None),
    ],
)
def test_errors_become_exit_codes(
    error: Exception, exit_code: int, mistake: str | None, capsys: pytest.CaptureFixture[str]
) -> None:
    with step("Pusher", "r") as ended:
        raise error
    assert (ended.exit_code, ended.mistake) == (exit_code, mistake)
    lines = _lines(capsys)
    assert lines[-1]["severity"] == "ERROR"
    assert not any("done in" in line["message"] for line in lines)
    if mistake is None:
        assert "Traceback" in json.dumps(lines)
    else:
        assert [line["message"] for line in lines] == [mistake]


def test_a_pod_that_is_taken_away_ends_as_on_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    cleaned = []
    before = signal.getsignal(signal.SIGTERM)
    with step("Trainer", "r") as ended:
        try:
            os.kill(os.getpid(), signal.SIGTERM)
            for _ in range(1000):
                pass
        finally:
            cleaned.append(True)
        pytest.fail("it went on")
    assert (ended.exit_code, ended.mistake) == (143, None)
    assert cleaned
    assert "SIGTERM" in _lines(capsys)[-1]["message"]
    assert signal.getsignal(signal.SIGTERM) is before


def test_a_long_stage_says_that_it_goes_on(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pod_log, "_HEARTBEAT_SECONDS", 0.05)
    with step("Trainer", "r"):
        logging.getLogger("imgclf.progress").setLevel(logging.INFO)
        report_progress("epoch 3 of 9")
        import time

        time.sleep(1)
    beats = [line["message"] for line in _lines(capsys) if line["message"].startswith("running for")]
    assert len(beats) > 2
    assert beats[-1].endswith("MiB at the peak: epoch 3 of 9")


@pytest.mark.parametrize("wrapper", [RuntimeError, DataError, OSError])
def test_sigterm_is_no_failure_when_a_framework_makes_another_error_of_it(
    wrapper: type[Exception], capsys: pytest.CaptureFixture[str]
) -> None:
    with step("StatisticsGen", "run-1") as ended:
        try:
            os.kill(os.getpid(), signal.SIGTERM)
        except BaseException as error:
            raise wrapper("TerminatedError [while running 'Map']") from error
    assert (ended.exit_code, ended.mistake) == (143, None)
    (line,) = _lines(capsys)
    assert line["message"].startswith("taken away by SIGTERM")
