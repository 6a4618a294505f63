"""From listing, entries and placement to the data report."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import Final

from components.contract import SPLITS
from components.image_folder.data_report import DataReport
from components.image_folder.files.listing import Listing
from components.image_folder.findings import NO_IMAGE, Finding, action_of, printable
from components.image_folder.policies import KINDS
from components.image_folder.settings import DataSettings
from components.image_folder.splits.placement import Placement
from components.image_folder.workers.unit_summary import UnitSummary

_SHOWN: Final = 3  # Files named in a sentence; all of them are in the report.
# Kinds after which the image is another one than in the file, if it is kept.
_REPAIRED: Final = frozenset({"foreign_format", "exif_rotation"})


def build_report(
    listing: Listing,
    summary: UnitSummary,
    placement: Placement,
    labels: Sequence[str],
    settings: DataSettings,
) -> DataReport:
    """Sums up what ingest found.

    Args:
        listing: what was read.
        summary: of all entries, each where the placement puts it.
        placement: what images have in common.
        labels: names in id order.
        settings: policies and limits.
    """
    counts = {split: {label: summary.counts[split, label] for label in labels} for split in SPLITS}
    findings = [*listing.findings, *placement.findings, *_findings_of(summary, settings)]
    accepted = sum(sum(by_label.values()) for by_label in counts.values())
    found = len(listing.files) + len(_lost(listing.findings))
    files = tuple(sorted(findings, key=lambda finding: (finding.file, KINDS.index(finding.kind))))
    by_kind = Counter(finding.kind for finding in files)
    set_aside = found - accepted - len(placement.copies)
    copies = {printable(path) for path in placement.copies}
    lost = [finding for finding in _lost(files) if finding.file not in copies]
    return DataReport(
        root=printable(listing.root),
        layout=listing.layout,
        spans=listing.spans,
        labels=tuple(labels),
        found=found,
        accepted=accepted,
        duplicates=len(placement.copies),
        set_aside=set_aside,
        counts=counts,
        findings={kind: by_kind[kind] for kind in KINDS if by_kind[kind]},
        files=files,
        near_duplicates=tuple(placement.pairs),
        violations=(
            *_violated_policies(files),
            *_classes_without_images(counts, files),
            *_too_many_set_aside(found, set_aside, lost, settings.max_set_aside),
            *_empty_splits(counts, accepted, listing.open_splits),
        ),
        statistics=summary.statistics.result(),
    )


def _findings_of(summary: UnitSummary, settings: DataSettings) -> list[Finding]:
    """Each finding with what was done: one that takes the image out says so, the others not."""
    return [
        Finding(
            printable(path),
            kind,
            reason,
            action_of(settings.policies.of(kind), repaired=kind in _REPAIRED),
        )
        for path, kind, reason in summary.findings
    ]


def _violated_policies(files: Sequence[Finding]) -> list[str]:
    sentences = []
    for kind in KINDS:
        refused = [finding for finding in files if finding.kind == kind and finding.action == "refused"]
        if refused:
            are = "file has" if len(refused) == 1 else "files have"
            sentences.append(
                f"{len(refused)} {are} the finding '{kind}', and data.policies.{kind} is 'fail': "
                f"{_named(refused)}"
            )
    return sentences


def _classes_without_images(counts: Mapping[str, Mapping[str, int]], files: Sequence[Finding]) -> list[str]:
    empty = [
        label for label in next(iter(counts.values())) if not any(split[label] for split in counts.values())
    ]
    sentences = []
    for label in empty:
        lost = [
            finding
            for finding in files
            if f"/{label}/" in f"/{finding.file}" and finding.action == "set aside"
        ]
        sentences.append(f"class '{label}' has no usable image" + (f": {_named(lost)}" if lost else ""))
    return sentences


def _lost(findings: Sequence[Finding]) -> list[Finding]:
    """For each file that claims to be an image and is not used, the first finding that says why."""
    first: dict[str, Finding] = {}
    for finding in findings:
        if finding.action in ("set aside", "refused") and finding.kind not in NO_IMAGE:
            first.setdefault(finding.file, finding)
    # How many images a folder would hold that cannot be entered, nobody knows.
    return [finding for file, finding in first.items() if not file.endswith("/")]


def _too_many_set_aside(found: int, set_aside: int, lost: Sequence[Finding], allowed: float) -> list[str]:
    if not found or set_aside / found <= allowed:
        return []
    return [
        f"{set_aside} of {found} files ({set_aside / found:.1%}) are set aside, and data.max_set_aside "
        f"allows {allowed:.1%}: {_named(lost)}"
    ]


def _empty_splits(
    counts: Mapping[str, Mapping[str, int]], accepted: int, open_splits: Collection[str]
) -> list[str]:
    return [
        f"the {split} split is empty: {accepted} images are too few to be divided; add images, "
        f"or give it a larger share with data.splits.{split}"
        if split in open_splits
        else f"the {split} split is empty: of the images that it is given, none is used; add others to it"
        for split, by_label in counts.items()
        if not any(by_label.values())
    ]


def _named(findings: Sequence[Finding]) -> str:
    named = "; ".join(f"{finding.file} ({finding.reason})" for finding in findings[:_SHOWN])
    return named + (f"; and {len(findings) - _SHOWN} more" if len(findings) > _SHOWN else "")
