"""Real photographs and a really pretrained backbone, where the machine has them."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests.e2e.command_line import imgclf

IMAGES, WEIGHTS = os.environ.get("IMGCLF_TEST_IMAGES"), os.environ.get("IMGCLF_TEST_WEIGHTS")


@pytest.mark.e2e
@pytest.mark.skipif(
    not (IMAGES and WEIGHTS),
    reason="IMGCLF_TEST_IMAGES and IMGCLF_TEST_WEIGHTS do not name the photographs and the weights",
)
def test_fine_tuning_reaches_93_percent_and_an_unchanged_rerun_is_cached(tmp_path: Path) -> None:
    words = (
        "run", "--images", str(IMAGES), "--config", "pipeline/configs/cats-dogs.yaml",
        "--set", f"model.weights={WEIGHTS}", "--workspace", tmp_path, "--json",
    )  # fmt: skip
    done = imgclf(*words)
    summary = json.loads(done.stdout)
    assert (done.returncode, summary["status"]) == (0, "pushed"), summary["reason"]
    assert summary["metrics"]["candidate"]["accuracy"] >= 0.93
    assert summary["images"]["accepted"] > 1000

    again = json.loads(imgclf(*words).stdout)
    assert {stage["status"] for stage in again["stages"]} == {"cached"}
    assert (summary["pushed"]["new"], again["pushed"]["new"]) == (True, False)
    assert again["pushed"]["path"] == summary["pushed"]["path"]
