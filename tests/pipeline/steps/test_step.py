"""What all steps of a run have in common."""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

import pytest
from tfx.proto.orchestration import pipeline_pb2

from components.contract import ConfigError, DataError
from pipeline.config import load_config
from pipeline.run_files import RunFiles
from pipeline.steps.pod_log import logger
from pipeline.steps.step import add_run_arguments, do_step, run_files
from pipeline.workspace import Workspace


@pytest.fixture
def files(tmp_path: Path) -> RunFiles:
    return RunFiles(Workspace(tmp_path), "run-1")


def _refuse() -> None:
    raise DataError("Too few cats.")


def test_a_mistake_is_not_made_twice(files: RunFiles, capsys: pytest.CaptureFixture[str]) -> None:
    assert do_step("DataCheck", files, 2, _refuse) == 3
    tried = []
    assert do_step("DataCheck", files, 2, lambda: tried.append(1)) == 3
    assert not tried
    message = json.loads(capsys.readouterr().out.splitlines()[-1])["message"]
    assert message == "refused by an earlier attempt: Too few cats."
    assert do_step("Trainer", files, 2, lambda: tried.append(1)) == 0
    other = RunFiles(files.workspace, "run-2")
    assert do_step("DataCheck", other, 2, lambda: tried.append(1)) == 0
    assert len(tried) == 2


def test_who_tries_again_by_hand_has_it_looked_at_anew(
    files: RunFiles, capsys: pytest.CaptureFixture[str]
) -> None:
    """Kubernetes makes three attempts of its own; a fourth comes from someone."""
    looks = []

    def look() -> None:
        looks.append(1)
        if len(looks) < 3:
            raise DataError(f"Too few cats, look {len(looks)}.")

    codes = [do_step("DataCheck", files, 2, look) for _ in range(7)]
    assert codes == [3, 3, 3, 3, 3, 3, 0]
    assert len(looks) == 3
    told = [json.loads(line)["message"] for line in capsys.readouterr().out.splitlines()]
    for look_number in (1, 2):
        sentence = f"Too few cats, look {look_number}."
        repeated = f"refused by an earlier attempt: {sentence}"
        assert told[3 * look_number - 3 : 3 * look_number] == [sentence, repeated, repeated]
    assert files.refusal("DataCheck") is None


def test_without_retries_each_attempt_is_someones(files: RunFiles) -> None:
    assert do_step("DataCheck", files, 0, _refuse) == 3
    assert do_step("DataCheck", files, 0, lambda: None) == 0


def test_what_may_go_better_next_time_is_tried_again(files: RunFiles) -> None:
    def fail() -> None:
        raise OSError(28, "No space left on device", "/v/x")

    assert do_step("Trainer", files, 2, fail) == 2
    assert do_step("Trainer", files, 2, lambda: None) == 0


def test_a_step_may_end_with_a_code_of_its_own(files: RunFiles) -> None:
    assert do_step("Finish", files, 2, lambda: 4) == 4
    assert files.refusal("Finish") is None


@pytest.mark.parametrize(
    ("level", "told"),
    [("debug", ["trifle", "news"]), ("INFO", ["news"]), ("", ["news"]), ("WARNING", [])],
)
def test_how_much_is_logged(
    level: str,
    told: list[str],
    files: RunFiles,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def work() -> None:
        logger.debug("trifle")
        logger.info("news")

    monkeypatch.setenv("IMGCLF_LOG_LEVEL", level)
    assert do_step("Trainer", files, 2, work) == 0
    messages = [json.loads(line)["message"] for line in capsys.readouterr().out.splitlines()]
    assert [message for message in messages if not message.startswith("done in")] == told


def test_a_log_level_that_there_is_not(
    files: RunFiles, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    tried = []
    monkeypatch.setenv("IMGCLF_LOG_LEVEL", "nonsense")
    assert do_step("Trainer", files, 2, lambda: tried.append(1)) == 2
    assert not tried
    (line,) = capsys.readouterr().out.splitlines()
    assert json.loads(line)["message"] == (
        "IMGCLF_LOG_LEVEL is 'nonsense', which is none of DEBUG, INFO, WARNING, ERROR, CRITICAL."
    )


def test_the_runs_name_comes_before_its_id(tmp_path: Path) -> None:
    parser = argparse.ArgumentParser()
    add_run_arguments(parser)
    named = parser.parse_args(["--workspace", str(tmp_path), "--run-id", "7", "--run-name", "nightly"])
    assert run_files(named) == RunFiles(Workspace(tmp_path), "nightly-7")
    plain = parser.parse_args(["--workspace", str(tmp_path), "--run-id", "7"])
    assert run_files(plain).folder == tmp_path / "runs" / "7"


@pytest.mark.parametrize(
    ("name", "folder"),
    [
        ("Nightly: cats/dogs", "Nightly-cats-dogs-7"),
        ("../../etc", "etc-7"),
        ("/etc", "etc-7"),
        ("Hunde & Kätzchen 🐱", "Hunde-K-tzchen-7"),
        ("🐱", "7"),
        ("a" * 500, f"{'a' * 100}-7"),
    ],
)
def test_whatever_a_run_is_called_its_folder_is_one_below_runs(
    tmp_path: Path, name: str, folder: str
) -> None:
    parser = argparse.ArgumentParser()
    add_run_arguments(parser)
    given = parser.parse_args(["--workspace", str(tmp_path), "--run-id", "7", "--run-name", name])
    assert run_files(given).folder == tmp_path / "runs" / folder


def test_a_refusal_that_cannot_be_noted_is_told_all_the_same(
    files: RunFiles, capsys: pytest.CaptureFixture[str]
) -> None:
    (files.workspace.root / "runs").write_text("no folder")
    assert do_step("DataCheck", files, 2, _refuse) == 3
    assert "Too few cats." in capsys.readouterr().out


def test_a_refusal_may_name_a_file_whose_name_is_no_text(
    files: RunFiles, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse() -> None:
        raise DataError("caf\udce9.jpg is no image.")

    for _ in range(2):
        assert do_step("DataCheck", files, 2, refuse) == 3
        assert "udce9.jpg is no image." in capsys.readouterr().out


def test_a_run_began_when_it_was_prepared(files: RunFiles) -> None:
    files.write_pipeline(pipeline_pb2.Pipeline(), load_config())
    before = files.prepared_at
    time.sleep(0.05)
    (files.folder / "best.yaml").touch()
    assert files.prepared_at == before


def test_a_run_that_was_not_prepared(files: RunFiles) -> None:
    assert not files.is_prepared
    for read in (files.read_pipeline, files.read_config):
        with pytest.raises(ConfigError, match="There is no run run-1"):
            read()
