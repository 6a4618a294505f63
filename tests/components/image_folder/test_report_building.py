"""The data report, from sums and findings that are made up."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from components.image_folder.data_report import DataReport
from components.image_folder.findings import Finding
from components.image_folder.listing import ImageFile, Listing
from components.image_folder.placement import Placement
from components.image_folder.report_building import build_report
from components.image_folder.settings import DataSettings
from components.image_folder.unit_summary import UnitSummary

LABELS = ("a", "b")
FULL = {(split, label): 1 for split in ("train", "eval", "test") for label in LABELS}


def _report(
    counts: dict[tuple[str, str], int] = FULL,
    files: int = 6,
    findings: tuple[tuple[str, str, str], ...] = (),
    listed: tuple[Finding, ...] = (),
    placement: Placement | None = None,
    **settings: Any,
) -> DataReport:
    listing = Listing(
        root="/photos",
        layout="class_folders",
        spans=(),
        files=[ImageFile(f"a/{number}.jpg", "a", 1, 0) for number in range(files)],
        labels=LABELS,
        findings=listed,
        open_splits=("train", "eval", "test"),
    )
    summary = UnitSummary(Counter(counts), findings=list(findings))
    return build_report(
        listing, summary, placement or Placement(), LABELS, DataSettings.model_validate(settings)
    )


def test_a_folder_without_a_flaw() -> None:
    report = _report()
    assert (report.found, report.accepted, report.duplicates, report.set_aside) == (6, 6, 0, 0)
    assert report.counts == {split: {"a": 1, "b": 1} for split in ("train", "eval", "test")}
    assert (report.findings, report.files, report.violations) == ({}, (), ())


def test_copies_are_no_loss() -> None:
    copies = {"a/4.jpg", "a/5.jpg"}
    report = _report(files=8, placement=Placement(moved=dict.fromkeys(copies), copies=copies))
    assert (report.accepted, report.duplicates, report.set_aside) == (6, 2, 0)


@pytest.mark.parametrize(("allowed", "violated"), [(0.25, False), (0.24, True)])
def test_as_many_as_are_allowed_may_be_set_aside(allowed: float, violated: bool) -> None:
    lost = (("a/8.jpg", "corrupt", "cut"), ("a/7.jpg", "corrupt", "cut"))
    report = _report(files=8, findings=lost, max_set_aside=allowed)
    told = (
        "2 of 8 files (25.0%) are set aside, and data.max_set_aside allows 24.0%: "
        "a/7.jpg (cut); a/8.jpg (cut)"
    )
    assert report.violations == ((told,) if violated else ())


def test_findings_of_all_sources_are_in_order_each_with_what_was_done() -> None:
    report = _report(
        findings=(
            ("b/1.jpg", "exif_rotation", "turned"),
            ("a/1\n.webp", "foreign_format", "png"),
            ("b/1.jpg", "grayscale", "gray"),
            ("b/1.jpg", "corrupt", "cut"),
        ),
        listed=(Finding("a/.x", "hidden_file", "hidden"),),
        placement=Placement(findings=[Finding("a/2", "duplicate", "same")]),
    )
    assert [(finding.file, finding.kind, finding.action) for finding in report.files] == [
        ("a/.x", "hidden_file", "set aside"),
        (r"a/1\n.webp", "foreign_format", "repaired"),
        ("a/2", "duplicate", "set aside"),
        ("b/1.jpg", "corrupt", "set aside"),
        ("b/1.jpg", "grayscale", "kept"),
        ("b/1.jpg", "exif_rotation", "repaired"),
    ]
    assert report.findings["exif_rotation"] == 1


@pytest.mark.parametrize(
    ("count", "told"),
    [
        (1, "1 file has the finding 'blurry', and data.policies.blurry is 'fail': a/0 (soft)"),
        (
            3,
            "3 files have the finding 'blurry', and data.policies.blurry is 'fail': a/0 (soft); a/1 (soft); ",
        ),
        (
            5,
            "5 files have the finding 'blurry', and data.policies.blurry is 'fail': a/0 (soft); a/1 (soft); ",
        ),
    ],
)
def test_a_policy_that_is_violated_names_some_files(count: int, told: str) -> None:
    blurry = tuple((f"a/{number}", "blurry", "soft") for number in range(count))
    kept = (("a/9", "grayscale", "gray"),)
    report = _report(findings=(*blurry, *kept), policies={"blurry": "fail"})
    (violation,) = report.violations
    assert violation.startswith(told)
    assert violation.endswith("; and 2 more") == (count == 5)


def test_a_class_without_an_image_and_a_split_without_one_are_violations() -> None:
    report = _report({("train", "a"): 3}, files=4, findings=(("b/1.jpg", "corrupt", "cut"),), max_set_aside=1)
    assert report.violations == (
        "class 'b' has no usable image: b/1.jpg (cut)",
        *(
            f"the {split} split is empty: 3 images are too few to be divided; add images, or give it a "
            f"larger share with data.splits.{split}"
            for split in ("eval", "test")
        ),
    )
    assert not _report({**FULL, ("test", "b"): 0}, files=5).violations
