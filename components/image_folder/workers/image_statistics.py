"""What the accepted images look like as a whole, gathered bit by bit."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence
from math import fsum
from typing import TYPE_CHECKING, Final

from components.image_folder.records.manifest import Entry

if TYPE_CHECKING:
    from components.image_folder.data_report import ImageStatistics, StatisticName

# Lower edges. Fixed, so that runs can be compared bin by bin.
_EDGES: Final[dict[StatisticName, tuple[float, ...]]] = {
    "shorter_side": (0, 16, 32, 48, 64, 96, 128, 192, 256, 384, 512, 768, 1024, 1536, 2048, 3072, 4096),
    "aspect_ratio": (0, 0.25, 0.4, 0.5, 0.6, 0.7, 0.8, 0.95, 1.05, 1.25, 1.45, 1.7, 2, 2.5, 4),
    "kilobytes": (0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192),
    "brightness": tuple(range(0, 256, 16)),
    "contrast": tuple(range(0, 128, 8)),
    "sharpness": (0, 12, 25, 50, 100, 200, 400, 800, 1600, 3200, 6400, 12800, 25600),
}
# What pretrained backbones are commonly offered at, and small sizes for networks that start from nothing.
# Beyond 224, at which most weights were made, accuracy gains little and training takes its time.
_INPUT_SIZES: Final = (16, 24, 32, 48, 64, 96, 128, 160, 192, 224)


class StatisticsGatherer:
    """Adds images up; its memory does not grow with their number."""

    def __init__(self) -> None:
        """Starts with no image."""
        self._counts = {name: [0] * len(edges) for name, edges in _EDGES.items()}
        self._formats: Counter[str] = Counter()
        self._shorter_sides: Counter[int] = Counter()
        self._measured = 0
        # In hundredths, which is what measures are rounded to: so the order of the images does not matter.
        self._channel_sums: tuple[int, ...] = (0,) * 6

    def add(self, entries: Sequence[Entry]) -> None:
        """Counts accepted images in."""
        shorter_sides = [min(entry.width, entry.height) for entry in entries]
        self._formats.update(entry.format for entry in entries)
        self._shorter_sides.update(shorter_sides)
        self._count("shorter_side", shorter_sides)
        self._count("aspect_ratio", [entry.width / entry.height for entry in entries])
        self._count("kilobytes", [entry.size / 1024 for entry in entries])
        measured = [entry.measures for entry in entries if entry.measures is not None]
        if measured:
            self._measured += len(measured)
            self._count("brightness", [measures.brightness for measures in measured])
            self._count("contrast", [measures.contrast for measures in measured])
            self._count("sharpness", [measures.sharpness for measures in measured])
            self._add_channels(
                [round(100 * fsum(column)) for column in zip(*(each[-6:] for each in measured), strict=True)]
            )

    def merge(self, other: StatisticsGatherer) -> None:
        """Counts in what another one was given."""
        self._formats += other._formats
        self._shorter_sides += other._shorter_sides
        self._measured += other._measured
        self._add_channels(other._channel_sums)
        for name, counts in other._counts.items():
            self._counts[name] = [one + more for one, more in zip(self._counts[name], counts, strict=True)]

    def result(self) -> ImageStatistics:
        """The statistics of all images added; each image weighs the same, whatever its size."""
        # Not needed in the processes that only add up.
        from components.image_folder.data_report import Histogram, ImageStatistics

        mean = deviation = None
        if self._measured:
            red, green, blue, *squares = (total / 100 / self._measured for total in self._channel_sums)
            mean = (round(red, 2), round(green, 2), round(blue, 2))
            deviation = (
                _deviation(red, squares[0]),
                _deviation(green, squares[1]),
                _deviation(blue, squares[2]),
            )
        of_pixels = ("brightness", "contrast", "sharpness")
        return ImageStatistics(
            channel_mean=mean,
            channel_std=deviation,
            formats=dict(sorted(self._formats.items())),
            histograms={
                name: Histogram(edges, tuple(self._counts[name]))
                for name, edges in _EDGES.items()
                if self._measured or name not in of_pixels
            },
            suggested_image_size=suggest_image_size(self._shorter_sides),
        )

    def _add_channels(self, sums: Sequence[int]) -> None:
        self._channel_sums = tuple(one + more for one, more in zip(self._channel_sums, sums, strict=True))

    def _count(self, name: StatisticName, values: Sequence[float]) -> None:
        counts, edges = self._counts[name], _EDGES[name]
        for value in values:
            counts[bisect_right(edges, value) - 1] += 1


def _deviation(mean: float, mean_square: float) -> float:
    return round(max(mean_square - mean**2, 0) ** 0.5, 2)


def suggest_image_size(shorter_sides: Counter[int]) -> int:
    """The largest usual input size that does not enlarge most of the images.

    That is at most the median shorter side.

    Args:
        shorter_sides: pixels → images.
    """
    half, seen, median = sum(shorter_sides.values()) / 2, 0, 0
    for median in sorted(shorter_sides):
        seen += shorter_sides[median]
        if seen >= half:
            break
    return max((size for size in _INPUT_SIZES if size <= median), default=_INPUT_SIZES[0])
