"""What the page says of accepting sure answers only."""

from __future__ import annotations

from pipeline.results.selective_classification import Coverage
from pipeline.results.summary import Metrics
from pipeline.run_report.page import render
from tests.pipeline.run_report.samples import data_report, page_input, summary, table_rows

_HEADING = "If only sure answers are accepted"


def test_a_row_for_each_threshold() -> None:
    rows = (Coverage(0.5, 1500, 1350), Coverage(0.875, 500, 500), Coverage(0.99, 0, 0))
    metrics = Metrics({"accuracy": 0.9, "example_count": 2000.0}, coverage=rows, accepted=rows[1])
    html = render(page_input(data_report(), summary(metrics=metrics)))
    assert table_rows(html, _HEADING) == [
        ["0.5", "1,500", "75.0%", "150", "0.900"],
        ["0.875 (set)", "500", "25.0%", "0", "1.000"],
        ["0.99", "0", "0.0%", "0", "–"],
    ]
    assert _HEADING not in render(page_input(data_report(), summary()))
