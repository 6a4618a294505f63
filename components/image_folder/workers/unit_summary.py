"""What the entries of a unit come to, so that nobody has to read them all one after another."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from components.image_folder.records.manifest import Entry
from components.image_folder.workers.image_statistics import StatisticsGatherer


@dataclass
class UnitSummary:
    """Sums over entries.

    Attributes:
        counts: (split, label) → images that are used.
        statistics: of the images that are used.
        findings: path, kind and reason, of all entries.
    """

    counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    statistics: StatisticsGatherer = field(default_factory=StatisticsGatherer)
    findings: list[tuple[str, str, str]] = field(default_factory=list)

    def add(self, other: UnitSummary) -> None:
        """Counts another unit in."""
        self.counts += other.counts
        self.statistics.merge(other.statistics)
        self.findings += other.findings


def summarize(entries: Iterable[Entry], moved: Mapping[str, str | None]) -> UnitSummary:
    """Sums up entries.

    Args:
        entries: one a file.
        moved: path → split, or None for images that are left out, where it is not the entry's own.
    """
    used = []
    counts: Counter[tuple[str, str]] = Counter()
    findings = []
    for entry in entries:
        if entry.findings:
            findings += [(entry.path, kind, reason) for kind, reason in entry.findings]
        split = moved.get(entry.path, entry.split) if moved else entry.split
        if split is not None:
            counts[split, entry.label] += 1
            used.append(entry)
    statistics = StatisticsGatherer()
    statistics.add(used)
    return UnitSummary(counts, statistics, findings)
