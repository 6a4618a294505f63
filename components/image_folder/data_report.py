"""The data report: all that ingest found out about the images, for machines and for the report page."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import TypeAdapter
from pydantic.dataclasses import dataclass

from components.image_folder.findings import Finding
from components.image_folder.settings import LayoutName

# Fixed bins, so that two runs can be compared bin by bin.
StatisticName = Literal["shorter_side", "aspect_ratio", "kilobytes", "brightness", "contrast", "sharpness"]


@dataclass(frozen=True)
class Histogram:
    """How many images fall between one edge and the next; the last bin takes all above it.

    Attributes:
        edges: lower edges of the bins, ascending.
        counts: images a bin; as many as edges.
    """

    edges: tuple[float, ...]
    counts: tuple[int, ...]


@dataclass(frozen=True)
class ImageStatistics:
    """What the accepted images look like.

    Attributes:
        channel_mean, channel_std: red, green and blue, from 0 to 255, each
            image counting the same; of the images reduced to 64 to 127 pixels
            on their shorter side, as in `Measures`. None without `data.verify`.
        formats: format → images.
        histograms: statistic → histogram. `shorter_side` is in pixels,
            `brightness` and `contrast` are mean and standard deviation of the
            grays, `sharpness` is the variance of their Laplacian; the last
            three are missing without `data.verify`.
        suggested_image_size: for `model.image_size`, pixels.
    """

    channel_mean: tuple[float, float, float] | None
    channel_std: tuple[float, float, float] | None
    formats: dict[str, int]
    histograms: dict[StatisticName, Histogram]
    suggested_image_size: int


@dataclass(frozen=True)
class NearDuplicatePair:
    """Two accepted images that show the same picture; `distance` is in bits of 256."""

    first: str
    second: str
    distance: int


@dataclass(frozen=True)
class DataReport:
    """All that ingest found out.

    Attributes:
        root: folder or URI that the files' paths are relative to.
        layout: as detected or asked for.
        spans: numbers of the spans used, oldest first.
        labels: label names in id order.
        found: files that claim to be images, those that a manifest lists and that are not there among them.
        accepted: images written to a split.
        duplicates: further copies of an accepted image, left out.
        set_aside: image files that could not be used; found = accepted + duplicates + set_aside.
        counts: split → label → accepted images.
        findings: kind → files, of the kinds that occur.
        files: every finding, sorted by file and kind; a file may have several.
        near_duplicates: pairs, closest first; of more images alike than `max_group`, some.
        violations: sentences about policies and limits that the images violate; empty when all is well.
        statistics: of the accepted images.
    """

    root: str
    layout: LayoutName
    spans: tuple[int, ...]
    labels: tuple[str, ...]
    found: int
    accepted: int
    duplicates: int
    set_aside: int
    counts: dict[str, dict[str, int]]
    findings: dict[str, int]
    files: tuple[Finding, ...]
    near_duplicates: tuple[NearDuplicatePair, ...]
    violations: tuple[str, ...]
    statistics: ImageStatistics

    def to_json(self) -> bytes:
        """The report as JSON."""
        return _REPORT.dump_json(self, indent=1)

    def write(self, path: Path) -> None:
        """Writes the report as JSON."""
        path.write_bytes(self.to_json())

    @staticmethod
    def read(path: Path) -> DataReport:
        """Reads what `write` wrote."""
        return _REPORT.validate_json(path.read_bytes())


_REPORT = TypeAdapter(DataReport)
