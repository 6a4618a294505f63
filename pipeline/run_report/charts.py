"""The page's charts."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from components.image_folder.data_report import Histogram, ImageStatistics, StatisticName
from pipeline.run_report.themed_svg import BAR, INK, LINE, MARK, themed_svg

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Width and height in inches of 72 units: as wide as a telephone shows them.
_SIZE: Final = (5.0, 2.2)
_TICKS: Final = 7
FONT_SIZE: Final = 11.0

_CAPTIONS: Final[dict[StatisticName, tuple[str, str]]] = {
    "shorter_side": ("Shorter side", "pixels"),
    "aspect_ratio": ("Aspect ratio", "to 1"),
    "kilobytes": ("File size", "kilobytes"),
    "brightness": ("Brightness", "mean of the grays, 0 to 255"),
    "contrast": ("Contrast", "standard deviation of the grays"),
    "sharpness": ("Sharpness", "variance of the Laplacian"),
}


@dataclass(frozen=True)
class Chart:
    """A chart: `caption` and `unit` stand above it, `svg` is an `<svg>` element."""

    caption: str
    unit: str
    svg: str


def statistics_charts(statistics: ImageStatistics) -> list[Chart]:
    """A histogram for each statistic that there is."""
    charts = []
    for name, (caption, unit) in _CAPTIONS.items():
        if name in statistics.histograms:
            histogram = statistics.histograms[name]
            mark = statistics.suggested_image_size if name == "shorter_side" else None
            title = f"{caption}, {unit}: {_in_words(histogram)}"
            svg = themed_svg(_histogram(histogram, mark), name.replace("_", "-"), title)
            charts.append(Chart(caption, unit, svg))
    return charts


def class_sizes_chart(sizes: Sequence[int]) -> Chart:
    """The sizes of very many classes, largest first.

    Args:
        sizes: images a class, in that order.
    """
    figure, axes = quiet_axes()
    axes.stairs(sizes, fill=True, color=BAR)
    axes.set_xlim(0, len(sizes))
    axes.set_ylim(0, max(*sizes, 1))
    title = f"Images a class, largest first: from {sizes[0]:,} down to {sizes[-1]:,}"
    return Chart("Images a class", "all classes, largest first", themed_svg(figure, "class-sizes", title))


def _histogram(histogram: Histogram, mark: float | None) -> Figure:
    """Bars of one width, whatever the bins' are, with the edges written below."""
    figure, axes = quiet_axes()
    edges, counts = histogram.edges, histogram.counts
    axes.bar(range(len(counts)), counts, width=0.9, align="edge", color=BAR, linewidth=0)
    axes.set_xlim(0, len(edges))
    axes.set_ylim(0, 1.15 * max(*counts, 1))
    ticks = range(0, len(edges), -(-len(edges) // _TICKS))
    axes.set_xticks(ticks, [f"{edges[tick]:g}" for tick in ticks])
    if mark is not None:
        at = _position(edges, mark)
        axes.axvline(at, color=MARK, linewidth=1.5, linestyle=(0, (4, 2)))
        right = at > len(edges) / 2
        axes.annotate(
            f"suggested: {mark:g}",
            (at, 1),
            (-4 if right else 4, 0),
            xycoords=("data", "axes fraction"),
            textcoords="offset points",
            ha="right" if right else "left",
            va="top",
            color=MARK,
            fontsize=FONT_SIZE,
        )
    return figure


def quiet_axes() -> tuple[Figure, Axes]:
    """Axes without a frame, with quiet grid lines behind what is drawn."""
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator, StrMethodFormatter

    figure = Figure(figsize=_SIZE, layout="constrained", frameon=False)
    axes = figure.add_subplot(frameon=False)
    axes.set_axisbelow(True)
    axes.grid(axis="y", color=LINE, linewidth=0.8)
    axes.axhline(0, color=INK, linewidth=1)
    axes.tick_params(length=0, labelsize=FONT_SIZE, colors=INK)
    axes.yaxis.set_major_locator(MaxNLocator(4, integer=True))
    axes.yaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
    return figure, axes


def _position(edges: Sequence[float], value: float) -> float:
    """Where a value, not below the first edge, lies on an axis on which each bin is 1 wide."""
    index = bisect_right(edges, value) - 1
    if index + 1 == len(edges):
        return index + 0.5
    return index + (value - edges[index]) / (edges[index + 1] - edges[index])


def _in_words(histogram: Histogram) -> str:
    """What a histogram shows, for those who cannot see it."""
    total, most = sum(histogram.counts), max(histogram.counts, default=0)
    if total == 0:
        return "no images"
    index = histogram.counts.index(most)
    start = f"{histogram.edges[index]:g}"
    if index + 1 < len(histogram.edges):
        return f"{total:,} images, most of them ({most:,}) from {start} to {histogram.edges[index + 1]:g}"
    return f"{total:,} images, most of them ({most:,}) at {start} or above"
