"""Statistics of images whose numbers can be worked out by hand."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from components.image_folder.data_report import Histogram
from components.image_folder.image_statistics import StatisticsGatherer, suggest_image_size
from components.image_folder.manifest import Entry
from components.image_folder.measures import Measures


def _entry(width: int, height: int, size: int, measures: Measures | None = None, **facts: Any) -> Entry:
    return Entry("a/1.jpg", "a", size, 0, None, 0, format="JPEG", width=width, height=height)._replace(
        measures=measures, **facts
    )


def _measures(red: float, red_square: float, **others: float) -> Measures:
    nothing = dict.fromkeys(Measures._fields, 0.0)
    return Measures(**{**nothing, "red": red, "red_square": red_square, **others})


def _bins(histogram: Histogram) -> dict[float, int]:
    """Lower edge → images, of the bins with any."""
    return {edge: count for edge, count in zip(histogram.edges, histogram.counts, strict=True) if count}


def test_every_number_is_counted_where_it_belongs() -> None:
    gatherer = StatisticsGatherer()
    gatherer.add(
        [
            _entry(200, 100, 4095, _measures(10, 200, brightness=16, contrast=8, sharpness=24)),
            _entry(100, 200, 4096, _measures(30, 1000, brightness=255, contrast=200, sharpness=10**6)),
            _entry(300, 96, 1, format="PNG"),
        ]
    )
    statistics = gatherer.result()
    assert statistics.formats == {"JPEG": 2, "PNG": 1}
    histograms = statistics.histograms
    assert _bins(histograms["shorter_side"]) == {96: 3}
    assert _bins(histograms["aspect_ratio"]) == {2: 1, 0.5: 1, 2.5: 1}
    assert _bins(histograms["kilobytes"]) == {0: 1, 2: 1, 4: 1}
    assert _bins(histograms["brightness"]) == {16: 1, 240: 1}
    assert _bins(histograms["contrast"]) == {8: 1, 120: 1}
    assert _bins(histograms["sharpness"]) == {12: 1, 25600: 1}
    # Of the two that are measured: mean 20, mean square 600, so a variance of 200.
    assert statistics.channel_mean == (20, 0, 0)
    assert statistics.channel_std == (pytest.approx(200**0.5, abs=0.01), 0, 0)
    assert statistics.suggested_image_size == 96


def test_nothing_is_said_of_pixels_that_nobody_looked_at() -> None:
    gatherer = StatisticsGatherer()
    gatherer.add([_entry(64, 64, 100)])
    statistics = gatherer.result()
    assert (statistics.channel_mean, statistics.channel_std) == (None, None)
    assert set(statistics.histograms) == {"shorter_side", "aspect_ratio", "kilobytes"}


def test_parts_that_are_merged_come_to_the_same_as_the_whole() -> None:
    entries = [
        _entry(50 + 9 * number, 40 + 7 * number, 1000 * number, _measures(number, number**2 + 1))
        for number in range(40)
    ]
    whole, merged = StatisticsGatherer(), StatisticsGatherer()
    whole.add(entries)
    for start in range(0, 40, 15):
        part = StatisticsGatherer()
        part.add(entries[start : start + 15])
        merged.merge(part)
    assert merged.result() == whole.result()


@pytest.mark.parametrize(
    ("sides", "size"),
    [
        ({8: 3}, 16),  # never smaller than the smallest
        ({96: 1}, 96),
        ({95: 1}, 64),
        ({64: 2, 300: 2}, 64),  # half of them are not enlarged
        ({64: 1, 300: 2}, 224),
        ({5000: 1}, 224),
    ],
)
def test_suggests_a_size_that_enlarges_at_most_half(sides: dict[int, int], size: int) -> None:
    assert suggest_image_size(Counter(sides)) == size
