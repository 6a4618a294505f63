"""The data report of a folder without an ingest: everything is looked at, nothing is written."""

from __future__ import annotations

from collections.abc import Sequence

from components.image_folder.data_report import DataReport
from components.image_folder.examination import Examiner
from components.image_folder.examining_files import examine_files
from components.image_folder.image_store import open_store
from components.image_folder.listing import Listing
from components.image_folder.placement import place
from components.image_folder.report_building import build_report
from components.image_folder.settings import DataSettings
from components.progress import report_progress

_PROGRESS_EVERY = 1000


def check_folder(listing: Listing, settings: DataSettings, labels: Sequence[str]) -> DataReport:
    """Looks at each image as ingest would.

    Args:
        listing: which images.
        settings: what is checked, and what would happen then.
        labels: names in id order.
    """
    examiner = Examiner(open_store(listing.root), settings, labels, listing.open_splits)
    entries = []
    for entry, _ in examine_files(listing.files, examiner):
        entries.append(entry)
        if len(entries) % _PROGRESS_EVERY == 0:
            report_progress(f"{len(entries)} of {len(listing.files)} files")
    return build_report(listing, entries, place(entries, settings, listing.open_splits), labels, settings)
