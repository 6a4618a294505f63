"""Retraining on numbered spans: the newest are used, and compared with those before them."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from pipeline.workspace import open_workspace
from tests.conftest import SETTINGS, Trial
from tests.image_files import write_folder

pytestmark = pytest.mark.e2e
CLASSES = {"across": 30, "down": 30}


@pytest.fixture(scope="module")
def trial(tmp_path_factory: pytest.TempPathFactory) -> Trial:
    """Each test finds the workspace as the one before has left it."""
    root = tmp_path_factory.mktemp("spans")
    write_folder(root / "photos" / "span-1", CLASSES)
    lenient = (*SETTINGS, "evaluation.min_accuracy=0", "evaluation.max_accuracy_drop=1")
    return Trial(root / "photos" / "span-{SPAN}", open_workspace(root / "workspace"), lenient)


def _add_span(trial: Trial, number: int, classes: dict[str, int]) -> Path:
    return write_folder(trial.images.parent / f"span-{number}", classes, first_seed=1_000_000 * number)


def _delete_older_copies(trial: Trial) -> None:
    """All copies of the images but the newest, without which the README says that runs get by."""
    made = trial.workspace.artifacts / trial.config().name / "ImageFolderExampleGen" / "examples"
    *older, _ = sorted(made.iterdir(), key=lambda folder: int(folder.name))
    assert older
    for copy in older:
        shutil.rmtree(copy)


def test_the_first_span(trial: Trial) -> None:
    summary = trial.run("one")
    assert summary.status == "pushed", summary.reason
    assert summary.images is not None
    assert (summary.images.found, summary.notes) == (60, ())


def test_a_window_rolls_over_the_newest_spans(trial: Trial) -> None:
    _add_span(trial, 2, CLASSES)
    _add_span(trial, 10, {"across": 40, "down": 30})
    summary = trial.run("two", ["data.window=2"])
    assert summary.status == "pushed", summary.reason
    assert summary.images is not None
    assert summary.images.found == 130
    assert "130 images; the previous run had 60" in summary.notes
    assert summary.report is not None
    page = Path(summary.report).read_text("utf-8")
    assert "130 images; the previous run had 60" in page


def test_a_span_unlike_the_one_before_is_refused_and_is_never_compared_with(trial: Trial) -> None:
    _delete_older_copies(trial)
    _add_span(trial, 11, {"across": 60, "down": 12})
    settings = ["balance.drift.max_label_shift=0.05"]
    refused = trial.run("three", settings)
    assert (refused.status, refused.exit_code) == ("invalid_data", 3)
    assert refused.reason is not None
    assert "balance.drift.max_label_shift" in refused.reason
    assert {stage.name: stage.status for stage in refused.stages}["Trainer"] == "skipped"
    _add_span(trial, 12, CLASSES)
    accepted = trial.run("four", settings)
    assert accepted.status == "pushed", accepted.reason
    assert "60 images; the previous run had 130" in accepted.notes
