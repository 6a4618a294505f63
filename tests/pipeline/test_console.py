from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

from rich.console import Console

from components.image_folder.ingest_report import SetAside
from components.progress import report_progress
from pipeline.console import RunDisplay, print_summary
from pipeline.summary import Images, Metrics, Pushed, RunSummary, Stage

SUMMARY = RunSummary(
    run_id="r",
    model="pets",
    status="pushed",
    reason=None,
    stages=(Stage("Trainer", "ran", 12.34), Stage("Pusher", "cached", 0.0)),
    images=Images(12, 9, 2, 1, {"train": 7, "test": 2}, (SetAside("a/[x].jpg", "the file is empty"),) * 2),
    metrics=Metrics({"accuracy": 0.98765, "example_count": 2.0}, {"accuracy": 0.5}),
    pushed=Pushed(3, "/w/serving/pets/3"),
    log="/w/log.txt",
    exit_code=0,
)


def _printed(summary: RunSummary, images: Path = Path("nowhere"), workspace: Path = Path(".imgclf")) -> str:
    console = Console(file=(text := io.StringIO()), width=60)
    print_summary(console, summary, images, workspace, 20.0)
    return text.getvalue()


def _pushed(tmp_path: Path, name: str) -> RunSummary:
    version = tmp_path / "serving" / name / "3"
    version.mkdir(parents=True)
    (version / "saved_model.pb").touch()
    return replace(SUMMARY, model=name, pushed=Pushed(3, str(version)))


def test_a_pushed_model(tmp_path: Path) -> None:
    summary = _pushed(tmp_path, "pets")
    text = _printed(summary)
    assert "Images:   9 of 12 used (7 train, 2 test)" in text
    assert "1 further copies" in text
    assert text.count("set aside: a/[x].jpg: the file is empty") == 2
    assert "Accuracy: 0.9877 on the 2 held-out images of the test split, 0.5000 for the model" in text
    assert f"nothing has changed; in production is version 3: {tmp_path}/serving/pets/3" in text
    assert " predict IMAGE\n" in text
    assert "--name" not in text
    _pushed(tmp_path, "cars")
    assert "--name pets" in _printed(summary)


def test_the_next_command_names_an_image_that_is_there(tmp_path: Path) -> None:
    (tmp_path / "cat").mkdir()
    (tmp_path / "cat" / "my photo.JPG").touch()
    summary = _pushed(tmp_path, "pets")
    assert f"predict '{tmp_path}/cat/my photo.JPG' --workspace 'a b'\n" in _printed(
        summary, tmp_path, Path("a b")
    )


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
