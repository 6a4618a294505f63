"""What the page says of the model class by class."""

from __future__ import annotations

from pipeline.results.class_scores import ClassScores, Mistake
from pipeline.results.summary import Metrics
from pipeline.run_report.page import PageInput, render
from pipeline.run_report.score_table import score_table
from tests.pipeline.run_report.samples import data_report, page_input, summary, table_rows


def _scored(f1: dict[str, float], before: dict[str, float] | None = None) -> PageInput:
    """A run whose model has these F1, as has the one before it."""
    candidate, baseline = (
        None if each is None else {label: ClassScores(7, 0.25, None, value) for label, value in each.items()}
        for each in (f1, before)
    )
    found = tuple(Mistake(label, "wolf", 3) for label in f1)
    metrics = Metrics({"accuracy": 0.5, "macro_f1": 0.4}, None, (0.1, 0.75), candidate, baseline, found)
    return page_input(data_report(), summary(metrics=metrics))


def test_the_worst_classes_come_first() -> None:
    html = render(_scored({"cat": 0.75, "dog": 0.125, "new": 0.5}, {"cat": 0.7, "dog": 0.5}))
    assert table_rows(html, "Class by class, on the test split") == [
        ["dog", "7", "0.250", "–", "0.125", "0.500", "-0.375"],
        ["new", "7", "0.250", "–", "0.500", "–", "–"],
        ["cat", "7", "0.250", "–", "0.750", "0.700", "+0.050"],
    ]
    assert table_rows(html, "What was mistaken for what, on the test split") == [
        [label, "wolf", "3"] for label in ("cat", "dog", "new")
    ]
    assert "macro F1" in html
    assert "between 0.100 and 0.750, with 95 % confidence" in html
    assert "3 classes, worst F1 first" in html
    alone = render(_scored({"cat": 0.75}))
    assert table_rows(alone, "Class by class, on the test split") == [["cat", "7", "0.250", "–", "0.750"]]
    assert "Class by class" not in render(page_input(data_report(), summary()))


def test_of_very_many_classes_the_worst_are_listed() -> None:
    many = [f"class-{index:04d}" for index in range(1000)]
    html = render(_scored({label: position / 1000 for position, label in enumerate(many)}))
    assert "The 20 worst of 1,000 classes, worst F1 first" in html
    assert [row[0] for row in table_rows(html, "Class by class, on the test split")] == many[:20]
    assert "The 10 most frequent of 1,000;" in html
    assert len(table_rows(html, "What was mistaken for what, on the test split")) == 10
    for count, listed in ((40, 40), (41, 20)):
        scores = {label: ClassScores(1, 1.0, 1.0, 1.0) for label in many[:count]}
        table = score_table(Metrics(candidate_classes=scores))
        assert table is not None and len(table.rows) == listed
