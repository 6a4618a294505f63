from __future__ import annotations

import contextlib
import io
import os
import pty
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from components.progress import report_progress
from pipeline.results.selective_classification import Coverage
from pipeline.results.summary import Images, Metrics, Pushed, RunSummary, SetAside, Stage, Tuned
from pipeline.terminal.console import RunDisplay, print_summary

IMAGES = Images(
    layout="class_folders",
    found=12,
    accepted=9,
    rejected=2,
    duplicates=1,
    per_split={"train": 7, "test": 2},
    findings={"empty": 2, "duplicate": 1},
    set_aside=(SetAside("a/[x].jpg", "the file is empty"),) * 2,
)
SUMMARY = RunSummary(
    run_id="r",
    model="pets",
    status="pushed",
    reason=None,
    stages=(Stage("Trainer", "ran", 12.34), Stage("Pusher", "cached", 0.01)),
    images=IMAGES,
    notes=("class 'a' has 9 times the images",),
    metrics=Metrics(
        {"accuracy": 0.98765, "example_count": 2.0}, {"accuracy": 0.5}, (0.3424, 1.0), baseline_version=2
    ),
    pushed=Pushed(3, "/w/serving/pets/3", new=True),
    log="/w/log.txt",
    exit_code=0,
)


def _printed(summary: RunSummary, images: str = "nowhere", workspace: Path = Path(".imgclf")) -> str:
    console = Console(file=(text := io.StringIO()), width=60)
    print_summary(console, summary, images, workspace, 20.0)
    return text.getvalue()


def _pushed(tmp_path: Path, name: str) -> RunSummary:
    version = tmp_path / "serving" / name / "3"
    version.mkdir(parents=True)
    (version / "saved_model.pb").touch()
    return replace(SUMMARY, model=name, pushed=Pushed(3, str(version), new=False))


def test_a_pushed_model(tmp_path: Path) -> None:
    summary = _pushed(tmp_path, "pets")
    text = _printed(summary)
    assert "Images:   9 of 12 used (7 train, 2 test), laid out as class_folders\n" in text
    assert "Findings: 2 empty, 1 duplicate" in text
    assert "Note:     class 'a' has 9 times the images" in text
    assert text.count("set aside: a/[x].jpg: the file is empty") == 2
    many = _printed(replace(summary, images=replace(IMAGES, set_aside=IMAGES.set_aside * 6)))
    assert (many.count("set aside: "), many.count("and 2 more, in the report")) == (10, 1)
    assert (
        "Accuracy: 0.9877 on the 2 held-out images of the test split (95 % interval 0.342 to 1.000), " in text
    )
    assert "), 0.5000 for version 2\n" in text
    gone = replace(summary, metrics=replace(summary.metrics, baseline_version=None))
    assert "), 0.5000 for the model before it\n" in _printed(gone)
    assert f"nothing to push; in production is version 3: {tmp_path}/serving/pets/3" in text
    assert " predict IMAGE\n" in text
    assert "Report:" not in text
    (tmp_path / "serving" / "rolled-back").mkdir()
    assert "--name" not in _printed(summary)
    _pushed(tmp_path, "cars")
    assert "--name pets" in _printed(summary)


def test_what_is_accepted_is_told_where_anything_is_rejected(tmp_path: Path) -> None:
    summary = _pushed(tmp_path, "pets")
    assert "Accepted:" not in _printed(summary)
    for accepted, right in ((Coverage(0.85, 200, 199), ", accuracy 0.9950"), (Coverage(1, 0, 0), "")):
        text = _printed(replace(summary, metrics=replace(summary.metrics, accepted=accepted)))
        assert (
            f"Accepted: {accepted.answered} of these answers "
            f"(serving.reject_below {accepted.threshold:g}){right}\n"
        ) in text


def test_what_tuning_found_is_one_line(tmp_path: Path) -> None:
    values = {"training.phases.0.learning_rate": 0.003, "model.head.hidden": [256]}
    tuned = Tuned(values, "accuracy", 0.91234, 20, "/w/runs/r/best.yaml")
    assert (
        "Tuned:    training.phases.0.learning_rate 0.003, model.head.hidden [256] (accuracy 0.9123 on the "
        "eval split, the best of 20 trials); filled in: /w/runs/r/best.yaml\n"
    ) in _printed(replace(_pushed(tmp_path, "pets"), tuned=tuned))
    assert "Tuned:" not in _printed(_pushed(tmp_path / "other", "pets"))


def test_the_next_command_names_an_image_that_is_there(tmp_path: Path) -> None:
    (tmp_path / "cat").mkdir()
    (tmp_path / "cat" / "my photo.JPG").touch()
    summary = _pushed(tmp_path, "pets")
    assert f"predict '{tmp_path}/cat/my photo.JPG' --workspace 'a b'\n" in _printed(
        summary, str(tmp_path), Path("a b")
    )


def test_the_next_command_names_no_image_that_was_not_used(tmp_path: Path) -> None:
    for folder in ("cat", "__MACOSX"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "._1.jpg").touch()
        (tmp_path / folder / "broken.jpg").touch()
    images = replace(IMAGES, set_aside=(SetAside("cat/broken.jpg", "it is empty"),))
    summary = replace(_pushed(tmp_path / "w", "pets"), images=images)
    assert " predict IMAGE " in _printed(summary, str(tmp_path), Path("w"))
    (tmp_path / "cat" / "1.jpg").touch()
    assert f" predict {tmp_path}/cat/1.jpg " in _printed(summary, str(tmp_path), Path("w"))


def test_the_next_command_can_be_typed_where_no_environment_is_active(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    summary = _pushed(tmp_path, "pets")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["pipeline/local_runner.py"])  # As under `tfx run create`.
    monkeypatch.setattr(sys, "executable", str(tmp_path / "a venv" / "python"))
    monkeypatch.setenv("PATH", str(tmp_path / "a venv"))
    assert "Next:     imgclf predict " in _printed(summary)
    installed = tmp_path / "a venv" / "imgclf"
    installed.parent.mkdir()
    installed.touch(mode=0o755)
    assert "Next:     imgclf predict " in _printed(summary)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "Next:     'a venv/imgclf' predict " in _printed(summary)


def test_the_page_is_named_above_the_log() -> None:
    text = _printed(replace(SUMMARY, status="failed", reason="Why.", pushed=None, report="/w/report.html"))
    assert text.endswith("The run failed.\nWhy.\nReport:   /w/report.html\nLog:      /w/log.txt\n")
    metrics = replace(SUMMARY.metrics, baseline=None)
    refused = replace(
        SUMMARY, status="invalid_data", reason="Why.", pushed=None, images=None, metrics=metrics
    )
    assert "(95 % interval 0.342 to 1.000)\nThe images were refused.\nWhy.\nLog: " in _printed(refused)


def test_a_model_that_was_not_blessed() -> None:
    text = _printed(replace(SUMMARY, status="not_blessed", reason="Too [bad].", pushed=None))
    assert "not blessed, so it was not pushed" in text
    assert "Too [bad]." in text
    assert "Next" not in text


def test_progress_is_a_line_each_where_there_is_no_terminal() -> None:
    console = Console(file=(text := io.StringIO()), width=60)
    with RunDisplay(console) as display:
        display.stage_started("Trainer")
        report_progress("epoch 1/3 [draft]")
        display.stage_finished(Stage("Trainer", "ran", 1.25))
    report_progress("nobody listens any more")
    assert text.getvalue() == "    epoch 1/3 [draft]\n✓ Trainer                ran        1.2 s\n"


def test_on_a_terminal_the_stage_and_its_progress_are_shown_and_taken_away() -> None:
    console = Console(file=(text := io.StringIO()), width=80, force_terminal=True)
    with RunDisplay(console) as display:
        display.stage_started("Trainer")
        report_progress("epoch 1/3")
        display._progress.refresh()
    shown = text.getvalue()
    assert "Trainer" in shown
    assert "epoch 1/3" in shown


def test_stages_that_never_began_are_one_line() -> None:
    never = tuple(Stage(name, "skipped", 0.0) for name in ("Evaluator", "Pusher"))
    stages = (Stage("Trainer", "failed", 1.0), *never)
    text = _printed(replace(SUMMARY, status="failed", reason="Why.", pushed=None, stages=stages))
    assert "2 further stages  - skipped" in text
    assert "Evaluator" not in text


def test_on_a_terminal_the_frameworks_still_write_to_the_log(tmp_path: Path) -> None:
    """In a pseudo-terminal, as Rich behaves differently in one."""
    code = (
        "import sys\n"
        "from pathlib import Path\n"
        "from rich.console import Console\n"
        "from pipeline.terminal.console import RunDisplay\n"
        "from pipeline.output_capture import captured_output\n"
        f"with captured_output(Path({str(tmp_path / 'log.txt')!r})) as screen:\n"
        "    console = Console(file=screen)\n"
        "    assert console.is_terminal\n"
        "    with RunDisplay(console) as display:\n"
        "        display.stage_started('Trainer')\n"
        "        print('a framework on stdout')\n"
        "        print('a framework on stderr', file=sys.stderr)\n"
    )
    shown: list[bytes] = []

    def read(descriptor: int) -> bytes:
        shown.append(os.read(descriptor, 1024))
        return b""

    script = tmp_path / "script.py"
    script.write_text(code)
    pid, descriptor = pty.fork()
    if pid == 0:
        os.execve(
            sys.executable, [sys.executable, str(script)], {**os.environ, "TERM": "xterm", "PYTHONPATH": "."}
        )
    with contextlib.suppress(OSError):  # The other end is closed.
        while read(descriptor) == b"" and shown[-1]:
            pass
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0, b"".join(shown)
    assert (tmp_path / "log.txt").read_text().splitlines() == [
        "a framework on stdout",
        "a framework on stderr",
    ]
    assert b"framework" not in b"".join(shown)
    assert b"Trainer" in b"".join(shown)
