from __future__ import annotations

from pathlib import Path

import pytest

from components.class_balance.balance_report import BalanceReport, PreviousRun, judge
from components.class_balance.report_lines import lines
from components.class_balance.settings import BalanceSettings
from tests.components.class_balance.data_reports import data_report

SETTINGS = BalanceSettings()


def test_first_report() -> None:
    data = data_report({"cat": 90, "dog": 10}, brightness=(10, 20, 30, 60))
    report = judge(data, None, SETTINGS)
    assert (report.verdict, report.violations, report.changes) == ("accepted", (), None)
    assert report.counts == data.counts
    assert report.imbalance == 9.0
    assert report.class_weights["inverse"] == pytest.approx({"cat": 100 / 180, "dog": 5})
    assert report.class_weights["sqrt_inverse"]["dog"] == pytest.approx(
        3 * report.class_weights["sqrt_inverse"]["cat"]
    )
    assert set(report.class_weights) == {"inverse", "sqrt_inverse", "effective_number"}
    assert report.oversampling_factors == {"cat": 1.0, "dog": 9.0}
    assert report.remedies["oversampling"] == {"cat": 1.0, "dog": 9.0}
    assert report.remedies["weight, inverse"] == report.class_weights["inverse"]
    assert report.profile.labels == {"cat": 100, "dog": 20}
    assert report.profile.statistics == data.statistics


@pytest.mark.parametrize("dog", [90, 0])
def test_it_reads_what_it_wrote(tmp_path: Path, dog: int) -> None:
    first = judge(data_report({"cat": 90, "dog": 90}, brightness=(10, 20, 30, 60)), None, SETTINGS)
    data = data_report({"cat": 90, "dog": dog, "emu": 90}, brightness=(60, 20, 30, 10))
    report = judge(data, PreviousRun("file:///before", first.profile), SETTINGS)
    assert report.changes is not None
    report.write(tmp_path / "report.json")
    assert BalanceReport.read(tmp_path / "report.json") == report


def test_violations_of_both_rules_refuse() -> None:
    first = judge(data_report({"cat": 90, "dog": 90}), None, SETTINGS)
    report = judge(data_report({"cat": 300, "emu": 10}), PreviousRun("before", first.profile), SETTINGS)
    assert report.verdict == "refused"
    assert [sentence.split(",")[0] for sentence in report.violations] == [
        "class 'cat' has 30.0 times the training images of class 'emu' (300 to 10)",
        "class 'dog' of the previous run has no images any more",
    ]


def test_lines_of_a_first_run_with_balanced_classes() -> None:
    assert lines(judge(data_report({"cat": 90, "dog": 30}), None, SETTINGS)) == []


def test_lines_tell_of_classes_that_the_eval_split_lacks() -> None:
    report = data_report({"cat": 90, "dog": 30, "emu": 30, "none": 0})
    report.counts["eval"] = {"cat": 5, "dog": 0, "emu": 0, "none": 0}
    assert lines(judge(report, None, SETTINGS)) == [
        "the eval split has no image of 'dog', 'emu': add some, or raise data.splits.eval, "
        "which counts where the split is not given"
    ]
    report.counts["eval"] = dict.fromkeys(report.labels, 0)  # which ingest refuses, in words of its own
    assert lines(judge(report, None, SETTINGS)) == []


def test_lines_when_nothing_has_changed() -> None:
    first = judge(data_report({"cat": 90, "dog": 30}), None, SETTINGS)
    assert lines(judge(data_report({"cat": 88, "dog": 32}), PreviousRun("", first.profile), SETTINGS)) == []


def test_lines_tell_of_changes_and_suggest_weights() -> None:
    before = data_report({"yak": 490, **dict.fromkeys("pqrst", 490)}, brightness=(0, 0, 1500, 1500))
    now = data_report(
        {"yak": 90, **dict.fromkeys("pquvwx", 490)},
        brightness=(0, 2100, 1000, 0),
        formats={"JPEG": 2100, "PNG": 1000},
    )
    previous = PreviousRun("before", judge(before, None, SETTINGS).profile)
    assert lines(judge(now, previous, SETTINGS)) == [
        "3100 images; the previous run had 3000",
        "new classes: 'u', 'v', 'w' and 1 more",
        "gone classes: 'r', 's', 't'",
        "class 'yak' went from 33.3% to 9.1% of the images of the classes that were there before",
        "the images have changed most in brightness: they diverge by 0.603 (0.001 of it may be chance)",
        "class 'p' has 5.4 times the training images of class 'yak': training.class_weights can help",
    ]


def test_lines_where_one_class_is_left_of_the_previous_run() -> None:
    previous = PreviousRun("before", judge(data_report({"cat": 90, "dog": 90}), None, SETTINGS).profile)
    assert lines(judge(data_report({"cat": 90, "emu": 90}), previous, SETTINGS)) == [
        "new classes: 'emu'",
        "gone classes: 'dog'",
    ]
