"""What is drawn, in the page's colours."""

from __future__ import annotations

import math
import re
from itertools import pairwise

import pytest

from components.image_folder.data_report import Histogram
from pipeline.run_report.charts import class_sizes_chart, statistics_charts
from pipeline.run_report.learning_curves import learning_curves
from tests.pipeline.run_report.samples import statistics, training

EDGES = (0.0, 10.0, 20.0, 40.0)


def _svg(counts: tuple[int, ...], edges: tuple[float, ...] = EDGES, suggested: int = 15) -> str:
    histograms = {"shorter_side": Histogram(edges, counts)}
    (chart,) = statistics_charts(statistics(1, histograms=histograms, suggested_image_size=suggested))
    return chart.svg


def _paths(svg: str, style: str) -> list[list[tuple[float, float]]]:
    """The points of each path with a style."""
    found = re.findall(rf'<path d="([^"]+)"[^>]* style="[^"]*{re.escape(style)}', svg)
    return [[(float(x), float(y)) for x, y in re.findall(r"([\d.]+) ([\d.]+)", path)] for path in found]


def test_bars_are_as_high_as_the_counts_and_of_one_width() -> None:
    bars = _paths(_svg((1, 3, 0, 2)), "fill: var(--bar)")
    heights = [max(y for _, y in bar) - min(y for _, y in bar) for bar in bars]
    widths = [max(x for x, _ in bar) - min(x for x, _ in bar) for bar in bars]
    assert [height / heights[0] for height in heights] == pytest.approx([1, 3, 0, 2])
    assert widths == pytest.approx([widths[0]] * 4)


@pytest.mark.parametrize(("suggested", "position"), [(0, 0), (15, 1.5), (30, 2.5), (40, 3.5), (999, 3.5)])
def test_the_suggested_size_is_marked_where_it_lies(suggested: int, position: float) -> None:
    svg = _svg((1, 3, 1, 2), suggested=suggested)
    bars = [bar[0][0] for bar in _paths(svg, "fill: var(--bar)")]
    (mark,) = {x for x, _ in _paths(svg, "stroke: var(--mark)")[0]}
    assert (mark - bars[0]) / (bars[1] - bars[0]) == pytest.approx(position)
    # Its words stay within the picture.
    assert ("text-anchor: end; fill: var(--mark)" in svg) == (position > 2)


def test_edges_are_written_below_a_few_of_them_where_there_are_many() -> None:
    def numbers(svg: str) -> list[str]:
        return re.findall(r"text-anchor: middle[^>]*>([^<]+)<", svg)

    assert numbers(_svg((1, 3, 0, 2))) == ["0", "10", "20", "40"]
    assert numbers(_svg((1,) * 21, tuple(map(float, range(21))))) == ["0", "3", "6", "9", "12", "15", "18"]


@pytest.mark.parametrize(
    ("counts", "words"),
    [
        ((1, 3, 0, 2), "6 images, most of them (3) from 10 to 20"),
        ((1, 3, 0, 2000), "2,004 images, most of them (2,000) at 40 or above"),
        ((0, 0, 0, 0), "no images"),
    ],
)
def test_a_chart_says_what_it_shows(counts: tuple[int, ...], words: str) -> None:
    svg = _svg(counts)
    assert f'<title id="shorter-side-title">Shorter side, pixels: {words}</title>' in svg
    assert 'role="img" aria-labelledby="shorter-side-title"' in svg


@pytest.mark.parametrize("svg", [_svg((1, 3, 0, 2)), class_sizes_chart([5, 3, 1]).svg], ids=["bars", "sizes"])
def test_colours_fonts_and_sizes_are_the_pages(svg: str) -> None:
    assert not re.search("#[0-9a-f]{6}", svg)
    assert "font-family" not in svg
    assert "<style" not in svg
    assert "xmlns" not in svg
    assert svg.startswith('<svg class="chart" viewBox="0 0 360 158.4"')
    assert "currentColor" in svg
    assert "var(--line)" in svg


def test_class_sizes_go_down_step_by_step() -> None:
    chart = class_sizes_chart([50, 30, 10])
    ((*points,),) = _paths(chart.svg, "fill: var(--bar)")
    bottom = max(y for _, y in points)
    heights = sorted({round(bottom - y, 1) for _, y in points} - {0.0})
    assert [height / heights[0] for height in heights] == pytest.approx([1, 3, 5], rel=0.01)


def test_drawing_changes_no_settings_of_matplotlib() -> None:
    import matplotlib

    before = dict(matplotlib.rcParams)
    _svg((1, 3, 0, 2))
    assert dict(matplotlib.rcParams) == before


def test_curves_go_through_the_figures_and_phases_are_told_apart() -> None:
    accuracy, loss = learning_curves(training().epochs)
    (train,) = _paths(accuracy.svg, "stroke: var(--train)")
    (looked_at,) = _paths(accuracy.svg, "stroke: var(--eval)")
    rises = [(before[1] - after[1]) / (train[0][1] - train[1][1]) for before, after in pairwise(train)]
    assert rises == pytest.approx([1] * 5, abs=0.01)
    assert (looked_at[0][1] - looked_at[-1][1]) / (train[0][1] - train[-1][1]) == pytest.approx(
        0.75, abs=0.01
    )
    (border,) = _paths(loss.svg, "stroke: var(--line); stroke-width: 1.2")
    assert train[1][0] < border[0][0] < train[2][0]


def test_a_dot_marks_the_epoch_whose_weights_the_model_has() -> None:
    rows = training().epochs
    for chart in learning_curves(rows):
        looked_at = _paths(chart.svg, "stroke: var(--eval)")[0]
        (dot,) = re.findall(r'<use [^>]*x="([\d.]+)" y="([\d.]+)" style="fill: var\(--mark\)', chart.svg)
        assert tuple(map(float, dot)) == pytest.approx(looked_at[4], abs=0.01)
        assert "; the model is that of epoch 5</title>" in chart.svg
    for chart in learning_curves([{**row, "kept": 0.0} for row in rows]):
        assert "var(--mark)" not in chart.svg
        assert "the model is" not in chart.svg
    # Weights may be kept for their accuracy whose loss cannot be drawn.
    accuracy, loss = learning_curves([{**row, "val_loss": math.nan} for row in rows])
    assert "var(--mark)" in accuracy.svg
    assert "var(--mark)" not in loss.svg


def test_names_of_phases_stand_above_the_curves_and_beside_one_another() -> None:
    lengths = (10, 1, 1, 10)
    phases = [phase for phase, epochs in enumerate(lengths, 1) for _ in range(epochs)]
    rows = [{"phase": float(phase), "accuracy": 1.0, "val_accuracy": 1.0} for phase in phases]
    (chart,) = learning_curves(rows)
    assert len(_paths(chart.svg, "stroke: var(--line); stroke-width: 1.2")) == 3
    top = min(y for _, y in _paths(chart.svg, "stroke: var(--train)")[0])
    ((below, name),) = re.findall(r'<text [^>]* y="([\d.]+)"[^>]*>(phase \d)<', chart.svg)
    assert name == "phase 2"
    assert float(below) < top


def test_figures_that_were_not_followed_have_no_curve() -> None:
    rows = [{name: value for name, value in row.items() if "loss" not in name} for row in training().epochs]
    assert [chart.caption for chart in learning_curves(rows)] == ["Accuracy"]
    assert learning_curves([]) == []
    (chart,) = learning_curves([{**row, "val_accuracy": float("nan")} for row in rows])
    assert "no figure on the eval split" in chart.svg


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("split", ["train", "eval"])
@pytest.mark.parametrize(
    ("odd", "left_out"),
    [
        ((math.nan, math.inf, -math.inf), 3),
        ((1e308, -1e308), 2),
        ((1e308, math.nan), 2),
        ((3e38, -3e38), 0),
        ((5e-324, -5e-324), 0),
        ((math.inf,) * 6, 6),
    ],
)
def test_what_cannot_be_drawn_is_left_out_and_told(odd: tuple[float, ...], left_out: int, split: str) -> None:
    name = "loss" if split == "train" else "val_loss"
    rows = list(training().epochs)
    for epoch, value in enumerate(odd):
        rows[-1 - epoch] = {**rows[-1 - epoch], name: value}
    _, chart = learning_curves(rows)
    lines = {each: _paths(chart.svg, f"stroke: var(--{each})") for each in ("train", "eval")}
    assert sum(map(len, lines[split])) == 6 - left_out
    assert sum(map(len, lines["eval" if split == "train" else "train"])) == 6
    said = f"without what is no number or too large to draw: {left_out} of {split}"
    assert (said in chart.unit) == (left_out > 0)
    assert (f"left out are {left_out} of {split}" in chart.svg) == (left_out > 0)
    assert "from inf" not in chart.svg
