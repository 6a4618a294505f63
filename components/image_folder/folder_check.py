"""The data report of a folder without an ingest: everything is looked at, nothing is written."""

from __future__ import annotations

from collections.abc import Sequence

from components.image_folder.data_report import DataReport
from components.image_folder.files.listing import Listing
from components.image_folder.files.open_store import open_store
from components.image_folder.inspection.examination import Examiner
from components.image_folder.inspection.examination_rules import ExaminationRules
from components.image_folder.report_building import build_report
from components.image_folder.settings import DataSettings
from components.image_folder.splits.placement import place
from components.image_folder.splits.placement_candidate import Candidate
from components.image_folder.workers.examining_files import examine_files, threads_for
from components.image_folder.workers.unit_summary import summarize
from components.progress import report_progress

_PROGRESS_EVERY = 1000


def check_folder(listing: Listing, settings: DataSettings, labels: Sequence[str]) -> DataReport:
    """Looks at each image as ingest would.

    Args:
        listing: which images.
        settings: what is checked, and what would happen then.
        labels: names in id order.
    """
    store = open_store(listing.root)
    examiner = Examiner(store, ExaminationRules.of(settings, listing.open_splits), labels)
    entries = []
    for entry, _ in examine_files(listing.files, examiner, threads_for(store)):
        entries.append(entry)
        if len(entries) % _PROGRESS_EVERY == 0:
            report_progress(f"{len(entries)} of {len(listing.files)} files")
    usable = (Candidate.of(entry) for entry in entries if entry.split is not None)
    placement = place(usable, settings, listing.open_splits)
    return build_report(listing, summarize(entries, placement.moved), placement, labels, settings)
