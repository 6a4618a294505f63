"""Data reports for tests, made up from counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from components.contract import EVAL, TEST, TRAIN
from components.image_folder.data_report import DataReport, Histogram, ImageStatistics, StatisticName
from components.image_folder.findings import Finding


def data_report(
    train: Mapping[str, int],
    *,
    rest: int = 5,
    brightness: Sequence[int] | None = None,
    edges: Sequence[float] = (0.0, 64.0, 128.0, 192.0),
    formats: Mapping[str, int] | None = None,
    files: Sequence[Finding] = (),
) -> DataReport:
    """A report on `train` images of each class and `rest` more in each other split."""
    others = dict.fromkeys(train, rest)
    images = sum(train.values()) + 2 * rest * len(train)
    histograms: dict[StatisticName, Histogram] = {}
    if brightness is not None:
        histograms["brightness"] = Histogram(tuple(edges), tuple(brightness))
    return DataReport(
        root="/images",
        layout="class_folders",
        spans=(),
        labels=tuple(train),
        found=images,
        accepted=images,
        duplicates=0,
        set_aside=0,
        counts={TRAIN: dict(train), EVAL: others, TEST: others},
        findings={},
        files=tuple(files),
        near_duplicates=(),
        violations=(),
        statistics=ImageStatistics(
            None, None, dict(formats or {"JPEG": images}), histograms, suggested_image_size=224
        ),
    )
