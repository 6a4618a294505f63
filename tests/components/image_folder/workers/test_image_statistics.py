from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from components.image_folder.records.manifest import Entry
from components.image_folder.records.measures import Measures
from components.image_folder.workers.image_statistics import StatisticsGatherer, suggest_image_size

# Red is 10 everywhere, green 20 or 40, blue spreads within each image too.
FIRST = Measures(33, 9, 30, 7, 1, 2, 10, 20, 30, 100, 400, 1000)
SECOND = Measures(100, 60, 70, 5, 3, 4, 10.02, 40, 40.02, 100.4, 1600, 2000)


def _entry(**changes: Any) -> Entry:
    values = {"split": "train", "format": "PNG", "width": 100, "height": 50, "size": 1024, **changes}
    return Entry("a/1", "a", values.pop("size"), 0, None, 0)._replace(**values)


def _gathered(*entries: Entry) -> StatisticsGatherer:
    gatherer = StatisticsGatherer()
    gatherer.add(entries)
    return gatherer


def _bins(gatherer: StatisticsGatherer, name: str) -> dict[float, int]:
    """Lower edge → images, of the bins that hold any."""
    histogram = gatherer.result().histograms[name]  # type: ignore[index]
    assert len(histogram.edges) == len(histogram.counts)
    return {edge: count for edge, count in zip(histogram.edges, histogram.counts, strict=True) if count}


def test_each_value_goes_to_the_bin_that_begins_at_or_below_it() -> None:
    gatherer = _gathered(
        _entry(measures=FIRST),
        _entry(measures=SECOND, width=15, height=9000, size=1023),
        _entry(width=96, height=96, size=2**30),
    )
    # Of the edges, an image of 48 pixels, 2 : 1, 1 KiB and brightness 32 would lie on each.
    assert _bins(gatherer, "shorter_side") == {0: 1, 48: 1, 96: 1}
    assert _bins(gatherer, "aspect_ratio") == {0: 1, 0.95: 1, 2: 1}
    assert _bins(gatherer, "kilobytes") == {0: 1, 1: 1, 8192: 1}
    assert _bins(gatherer, "brightness") == {32: 1, 96: 1}
    assert _bins(gatherer, "contrast") == {8: 1, 56: 1}
    assert _bins(gatherer, "sharpness") == {25: 1, 50: 1}


def test_mean_and_deviation_of_the_channels() -> None:
    statistics = _gathered(_entry(measures=FIRST), _entry(), _entry(measures=SECOND)).result()
    assert statistics.channel_mean == (10.01, 30, 35.01)  # over measured images only
    assert statistics.channel_std == (0, 10, 16.56)  # sqrt(1500 - 35.01²)


def test_a_deviation_of_nothing_is_no_square_root_of_less_than_nothing() -> None:
    rounded = FIRST._replace(red=0.11, red_square=0.01)  # 0.0121, to two digits
    statistics = _gathered(_entry(measures=rounded)).result()
    assert statistics.channel_std is not None and statistics.channel_std[0] == 0


@pytest.mark.parametrize("entries", [(), (_entry(),)])
def test_without_measures_there_is_nothing_about_pixels(entries: tuple[Entry, ...]) -> None:
    statistics = _gathered(*entries).result()
    assert (statistics.channel_mean, statistics.channel_std) == (None, None)
    assert list(statistics.histograms) == ["shorter_side", "aspect_ratio", "kilobytes"]


def test_parts_come_to_the_same_as_the_whole() -> None:
    entries = [
        _entry(measures=FIRST),
        _entry(measures=SECOND, format="GIF", width=200, height=200),
        _entry(format="JPEG", width=200, height=200),
        _entry(measures=FIRST, width=200, height=200),
    ]
    total = _gathered(entries[0])
    total.add(entries[1:2])
    total.merge(_gathered(*entries[2:]))
    assert total.result() == _gathered(*entries).result()
    assert list(total.result().formats.items()) == [("GIF", 1), ("JPEG", 1), ("PNG", 2)]
    assert total.result().suggested_image_size == 192


def test_the_order_of_the_images_does_not_matter() -> None:
    """`imgclf data check` adds them up in another one than ingest; here the mean lies between two figures."""
    entries = [_entry(measures=FIRST._replace(red=red)) for red in (211.66, 170.93, 77.36, 149.83)]
    forwards, backwards, by_parts = _gathered(*entries), _gathered(*entries[::-1]), _gathered(*entries[:2])
    by_parts.merge(_gathered(*entries[2:]))
    assert forwards.result() == backwards.result() == by_parts.result()


@pytest.mark.parametrize(
    ("sides", "size"),
    [
        ({}, 16),
        ({5: 3}, 16),
        ({32: 1}, 32),
        ({31: 1}, 24),
        ({100: 1, 50: 1}, 48),  # the lower of the two in the middle
        ({300: 1, 100: 1, 50: 1}, 96),
        ({300: 2, 100: 1, 50: 1}, 96),
        ({300: 3, 50: 2}, 224),
        ({50: 3, 300: 2}, 48),
        ({4000: 1}, 224),
    ],
)
def test_the_suggested_size_enlarges_at_most_half_of_the_images(sides: dict[int, int], size: int) -> None:
    assert suggest_image_size(Counter(sides)) == size
