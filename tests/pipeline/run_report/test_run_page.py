"""The page in the run's folder."""

from __future__ import annotations

from pathlib import Path

import pytest
from tfx.types import artifact, standard_artifacts

from components.contract import DATA_REPORT_FILE
from pipeline.config import load_config
from pipeline.results.summary import RunSummary
from pipeline.run_report.run_page import with_page
from tests.pipeline.run_report.samples import WHEN, data_report, finding, summary

CONFIG = load_config(None, ["data.images=/data/photos", "data.policies.blurry=fail"])
REPORT = data_report(files=[finding("cat/soft.jpg", "blurry")])


def _run(run_dir: Path, **artifacts: list[artifact.Artifact]) -> RunSummary:
    return with_page(
        summary(),
        config=CONFIG,
        run_dir=run_dir,
        began=WHEN,
        artifacts={"ImageFolderExampleGen": artifacts} if artifacts else {},
    )


def test_the_page_shows_ingests_report(tmp_path: Path) -> None:
    made = standard_artifacts.ExampleStatistics()
    made.uri = str(tmp_path)
    REPORT.write(tmp_path / DATA_REPORT_FILE)
    done = _run(tmp_path, data_report=[made])
    page = (tmp_path / "report.html").read_text("utf-8")
    assert done == summary(report=str(tmp_path / "report.html"))
    assert "cat/soft.jpg" in page
    assert "/data/photos" in page
    assert '<td class="policy">fail</td>' in page
    assert "2026-11-20 15:36" in page
    assert "Version 3 was pushed" in page


def test_without_a_data_report_there_is_a_page_all_the_same(tmp_path: Path) -> None:
    assert _run(tmp_path).report == str(tmp_path / "report.html")
    assert "Nothing is known about the images" in (tmp_path / "report.html").read_text("utf-8")


def test_a_page_that_cannot_be_written_does_not_harm_the_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _run(tmp_path / "gone") == summary()
    assert "No such file" in capsys.readouterr().err
    made = standard_artifacts.ExampleStatistics()
    made.uri = str(tmp_path)
    (tmp_path / DATA_REPORT_FILE).write_text("not JSON")
    assert _run(tmp_path, data_report=[made]) == summary()
    assert "Invalid JSON" in capsys.readouterr().err
