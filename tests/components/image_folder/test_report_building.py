"""The data report of listings, summaries and placements made up for the purpose."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from components.contract import SPLITS
from components.image_folder.data_report import DataReport, NearDuplicatePair
from components.image_folder.files.listing import ImageFile, Listing
from components.image_folder.findings import Finding
from components.image_folder.records.manifest import Entry
from components.image_folder.report_building import build_report
from components.image_folder.settings import DataSettings
from components.image_folder.splits.placement import Placement
from components.image_folder.workers.unit_summary import UnitSummary, summarize

FULL = {("train", "a"): 8, ("train", "b"): 8, ("eval", "a"): 1, ("eval", "b"): 1, ("test", "a"): 1}


def _report(
    counts: dict[tuple[str, str], int] | None = None,
    findings: list[tuple[str, str, str]] | None = None,
    listed: tuple[Finding, ...] = (),
    placement: Placement | None = None,
    lost: int = 0,
    open_splits: tuple[str, ...] = SPLITS,
    **settings: Any,
) -> DataReport:
    """Of as many files as are counted, are left out as copies, and are lost otherwise."""
    counts, placement = FULL if counts is None else counts, placement or Placement()
    found = sum(counts.values()) + len(placement.copies) + lost
    files = [ImageFile(f"a/{number}", "a", 1, 0) for number in range(found)]
    listing = Listing("/root", "sidecar", (2, 3), files, ("b", "a"), listed, open_splits)
    summary = UnitSummary(Counter(counts), findings=findings or [])
    return build_report(listing, summary, placement, ("a", "b"), DataSettings.model_validate(settings))


def test_what_was_found_is_passed_on() -> None:
    pair = NearDuplicatePair("a/1", "a/2", 3)
    report = _report(placement=Placement(copies={"a/x", "a/y"}, pairs=[pair]), lost=1)
    assert (report.root, report.layout, report.spans, report.labels) == (
        "/root",
        "sidecar",
        (2, 3),
        ("a", "b"),
    )
    assert (report.found, report.accepted, report.duplicates, report.set_aside) == (22, 19, 2, 1)
    assert report.counts == {"train": {"a": 8, "b": 8}, "eval": {"a": 1, "b": 1}, "test": {"a": 1, "b": 0}}
    assert report.near_duplicates == (pair,)
    assert report.violations == ()
    entry = Entry("a/1", "a", 1, 0, None, 0, split="train", format="GIF", width=1, height=1)
    listing = Listing("/root", "sidecar", (), [ImageFile("a/1", "a", 1, 0)], ("a",), (), ())
    report = build_report(listing, summarize([entry], {}), Placement(), ("a",), DataSettings())
    assert report.statistics.formats == {"GIF": 1}


def test_findings_from_everywhere_are_sorted_by_file_and_in_the_order_of_the_policies() -> None:
    report = _report(
        findings=[
            ("b/2\n", "exif_rotation", "turned"),
            ("b/2\n", "alpha", "see-through"),
            ("a/1", "empty", ""),
        ],
        listed=(Finding("c/.x", "hidden_file", "hidden"),),
        placement=Placement(findings=[Finding("b/2\\n", "duplicate", "copy", "kept")]),
    )
    assert report.files == (
        Finding("a/1", "empty", "", "set aside"),
        Finding("b/2\\n", "alpha", "see-through", "kept"),
        Finding("b/2\\n", "exif_rotation", "turned", "repaired"),
        Finding("b/2\\n", "duplicate", "copy", "kept"),
        Finding("c/.x", "hidden_file", "hidden", "set aside"),
    )
    kinds = ["hidden_file", "empty", "alpha", "exif_rotation", "duplicate"]
    assert list(report.findings.items()) == [(kind, 1) for kind in kinds]


@pytest.mark.parametrize(
    ("kind", "policy", "action"),
    [
        ("foreign_format", "keep", "repaired"),
        ("exif_rotation", "keep", "repaired"),
        ("exif_rotation", "drop", "set aside"),
        ("alpha", "keep", "kept"),
        ("alpha", "drop", "set aside"),
        ("alpha", "fail", "refused"),
    ],
)
def test_each_finding_says_what_was_done(kind: str, policy: str, action: str) -> None:
    (finding,) = _report(findings=[("a/1", kind, "reason")], policies={kind: policy}).files
    assert finding.action == action


@pytest.mark.parametrize(
    ("files", "named"),
    [
        (1, "1 file has the finding 'alpha', and data.policies.alpha is 'fail': a/1 (why)"),
        (2, "2 files have the finding 'alpha', and data.policies.alpha is 'fail': a/1 (why); a/2 (why)"),
        (3, "3 files have … a/1 (why); a/2 (why); a/3 (why)"),
        (5, "5 files have … a/1 (why); a/2 (why); a/3 (why); and 2 more"),
    ],
)
def test_refused_files_are_named_by_kind(files: int, named: str) -> None:
    findings = [(f"a/{number}", "alpha", "why") for number in range(1, files + 1)]
    # Neither another kind that is refused, nor one that is only dropped, is in the same sentence.
    others = [("a/1", "empty", "nothing"), ("a/1", "cmyk", "ink"), ("a/1", "palette", "few")]
    policies = {"alpha": "fail", "empty": "fail", "cmyk": "drop"}
    of_empty, of_alpha = _report(findings=findings + others, policies=policies).violations
    assert of_empty.startswith("1 file has the finding 'empty'")
    assert of_alpha == named.replace("…", "the finding 'alpha', and data.policies.alpha is 'fail':")


def test_a_class_without_images_is_named_with_what_it_lost() -> None:
    only_a = {("train", "a"): 8, ("eval", "a"): 1, ("test", "a"): 1}
    assert _report(only_a).violations == ("class 'b' has no usable image",)
    findings = [
        ("b/1", "empty", "nothing"),
        ("train/b/2", "corrupt", "broken"),
        ("ab/3", "empty", "of another class"),
        ("a/b.jpg", "empty", "of another class"),
        ("b/4", "alpha", "not why it is lost"),
    ]
    (violation,) = _report(only_a, findings).violations
    assert violation == "class 'b' has no usable image: b/1 (nothing); train/b/2 (broken)"
    one_split = _report({**only_a, ("test", "b"): 1})
    assert one_split.violations == ()


@pytest.mark.parametrize(("lost", "refused"), [(0, False), (1, False), (2, True)])
def test_only_so_many_files_may_be_set_aside(lost: int, refused: bool) -> None:
    findings = [("a/1", "empty", "nothing"), ("a/2", "alpha", "no loss"), ("a/3", "changed", "gone")]
    report = _report(findings=findings, lost=lost, max_set_aside=0.05, policies={"changed": "fail"})
    sentence = (
        "2 of 21 files (9.5%) are set aside, and data.max_set_aside allows 5.0%: a/1 (nothing); a/3 (gone)"
    )
    assert (sentence in report.violations) == refused
    assert any("max_set_aside" in violation for violation in report.violations) == refused


def test_images_that_are_not_even_listed_count_as_set_aside() -> None:
    listed = (
        Finding("a/gone", "missing_file", "not there"),
        Finding("a/twice", "missing_file", "not there"),
        Finding("a/twice", "unlabelled", "no label"),
        Finding("a/link", "link_outside", "elsewhere", "refused"),
        Finding("a/odd", "unprintable_name", "odd", "kept"),
        Finding("a/closed/", "unreadable", "nobody knows what it holds"),
        Finding("a/.x", "hidden_file", "hidden"),
        Finding("a/notes", "other_file", "no image"),
    )
    copies = Placement(copies={"a/copy"}, findings=[Finding("a/copy", "duplicate", "a copy")])
    findings = [("a/1", "empty", "nothing"), ("a/2", "alpha", "no loss")]
    report = _report(listed=listed, placement=copies, findings=findings, lost=1)
    assert (report.found, report.accepted, report.duplicates, report.set_aside) == (24, 19, 1, 4)
    (violation,) = (told for told in report.violations if "max_set_aside" in told)
    assert violation == (
        "4 of 24 files (16.7%) are set aside, and data.max_set_aside allows 5.0%: "
        "a/1 (nothing); a/gone (not there); a/link (elsewhere); and 1 more"
    )


def test_copies_are_not_set_aside() -> None:
    copies = Placement(copies={f"a/{number}" for number in range(50)})
    assert _report(placement=copies, max_set_aside=0).violations == ()


def test_an_empty_split_is_named() -> None:
    (violation,) = _report({("train", "a"): 8, ("train", "b"): 8, ("eval", "a"): 1}).violations
    assert violation == (
        "the test split is empty: 17 images are too few to be divided; add images, "
        "or give it a larger share with data.splits.test"
    )


def test_a_given_split_of_which_nothing_is_left_is_not_told_to_take_a_larger_share() -> None:
    counts = {("train", "a"): 8, ("train", "b"): 8}
    given, divided = _report(counts, open_splits=("train", "test")).violations
    assert given == "the eval split is empty: of the images that it is given, none is used; add others to it"
    assert divided.endswith("data.splits.test")


def test_a_folder_without_files_is_reported_too() -> None:
    violations = _report({}).violations
    assert [violation.split(":")[0] for violation in violations] == [
        "class 'a' has no usable image",
        "class 'b' has no usable image",
        "the train split is empty",
        "the eval split is empty",
        "the test split is empty",
    ]
