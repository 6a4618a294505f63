"""The README's run on real photographs and a really pretrained backbone, where the machine has them."""

from __future__ import annotations

import json
import os
import shlex
from pathlib import Path

import pytest

from tests.contracts.test_readme import commands_run_by
from tests.e2e.command_line import ROOT, run_command
from tests.e2e.readers_home import readers_home

pytestmark = pytest.mark.e2e
IMAGES, WEIGHTS = os.environ.get("IMGCLF_TEST_IMAGES"), os.environ.get("IMGCLF_TEST_WEIGHTS")


def _words() -> list[str]:
    (command,) = commands_run_by("tests/e2e/test_cats_dogs.py")
    return shlex.split(command)


@pytest.mark.skipif(
    not (IMAGES and WEIGHTS),
    reason="IMGCLF_TEST_IMAGES and IMGCLF_TEST_WEIGHTS do not name the photographs and the weights",
)
def test_fine_tuning_reaches_93_percent_and_an_unchanged_rerun_is_cached(tmp_path: Path) -> None:
    (tmp_path / "pipeline").symlink_to(ROOT / "pipeline")
    (tmp_path / "photos").symlink_to(str(IMAGES))
    (tmp_path / "weights.h5").symlink_to(str(WEIGHTS))
    done = run_command(*_words(), cwd=tmp_path)
    (written,) = tmp_path.glob(".imgclf/runs/*/summary.json")
    summary = json.loads(written.read_text())
    assert (done.returncode, summary["status"]) == (0, "pushed"), summary["reason"]
    assert summary["metrics"]["candidate"]["accuracy"] >= 0.93
    assert summary["images"]["accepted"] > 1000

    again = json.loads(run_command(*_words(), "--json", cwd=tmp_path).stdout)
    assert {stage["status"] for stage in again["stages"]} == {"cached"}
    assert (summary["pushed"]["new"], again["pushed"]["new"]) == (True, False)
    assert again["pushed"]["path"] == summary["pushed"]["path"]


def test_without_the_weights_it_gets_as_far_as_looking_for_them(tmp_path: Path) -> None:
    done = run_command(*_words(), cwd=readers_home(tmp_path))
    assert done.returncode == 2, done.stdout + done.stderr
    assert "model.weights" in done.stderr
    assert not (tmp_path / ".imgclf").exists()
