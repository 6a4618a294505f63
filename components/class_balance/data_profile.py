"""What of a run's data the next run is compared with."""

from __future__ import annotations

from typing import Literal

from pydantic.dataclasses import dataclass

from components.image_folder.data_report import DataReport, Histogram, ImageStatistics, StatisticName

# Histograms, and what is counted by name.
ComparedName = Literal[StatisticName, "formats", "colour"]


@dataclass(frozen=True)
class DataProfile:
    """The accepted images in numbers.

    Attributes:
        labels: label → images over all splits.
        grayscale: images that are stored with one channel.
        statistics: what the images look like.
    """

    labels: dict[str, int]
    grayscale: int
    statistics: ImageStatistics

    @property
    def images(self) -> int:
        """All images."""
        return sum(self.labels.values())

    def counts(self, name: ComparedName) -> dict[str, int]:
        """Bin → images of a statistic; empty when it was not computed."""
        if name == "formats":
            return self.statistics.formats
        if name == "colour":
            return {"grayscale": self.grayscale, "colour": self.images - self.grayscale}
        histogram = self.statistics.histograms.get(name, Histogram((), ()))
        return dict(zip(map(str, histogram.edges), histogram.counts, strict=True))


def profile_of(report: DataReport) -> DataProfile:
    """Takes from ingest's report what is worth comparing."""
    labels = {label: sum(by_label[label] for by_label in report.counts.values()) for label in report.labels}
    used = {finding.file for finding in report.files if finding.kind == "grayscale"} - {
        finding.file for finding in report.files if finding.action in ("set aside", "refused")
    }
    return DataProfile(labels, len(used), report.statistics)
