"""Loss and accuracy, epoch by epoch."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

from pipeline.run_report.charts import FONT_SIZE, Chart, quiet_axes
from pipeline.run_report.kept_epoch import kept_epoch
from pipeline.run_report.themed_svg import EVAL_LINE, INK, LINE, MARK, TRAIN_LINE, themed_svg

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_FIGURES: Final = {"accuracy": ("Accuracy", max), "loss": ("Loss", min)}
_SPLITS: Final = (("train", "", TRAIN_LINE), ("eval", "val_", EVAL_LINE))
# So many epochs have a dot each.
_MOST_DOTS: Final = 40
# How much of a chart's width the name of a phase takes.
_NAME_WIDTH: Final = 0.16
# Of 32 bits, in which models compute. Matplotlib cannot draw axes from -1e308 to 1e308.
_LARGEST: Final = 3.4e38


def learning_curves(epochs: Sequence[Mapping[str, float]]) -> list[Chart]:
    """A chart for each figure that was followed, with a line for each split and one where a phase begins.

    A dot on the line of the eval split marks the epoch whose weights the model has.

    Values that cannot be drawn are left out, and the chart says how many: those of a training that blew up.

    Args:
        epochs: figure → value of each epoch, of all phases one after another.
    """
    return [
        _chart(epochs, name) for name in _FIGURES if epochs and all(f"val_{name}" in row for row in epochs)
    ]


def _chart(epochs: Sequence[Mapping[str, float]], name: str) -> Chart:
    from matplotlib.ticker import MaxNLocator, StrMethodFormatter

    caption, best = _FIGURES[name]
    figure, axes = quiet_axes()
    numbers = range(1, len(epochs) + 1)
    left_out = []
    for split, prefix, colour in _SPLITS:
        values = [_drawable(row.get(prefix + name)) for row in epochs]
        marker = "o" if len(epochs) <= _MOST_DOTS else ""
        axes.plot(numbers, values, color=colour, linewidth=1.8, marker=marker, markersize=3.5, label=split)
        lost = sum(
            math.isnan(value) and prefix + name in row for value, row in zip(values, epochs, strict=True)
        )
        left_out += [f"{lost} of {split}"] if lost else []
    axes.set_xlim(0.5, len(epochs) + 0.5)
    axes.xaxis.set_major_locator(MaxNLocator(8, integer=True))
    axes.yaxis.set_major_locator(MaxNLocator(4))
    axes.yaxis.set_major_formatter(StrMethodFormatter("{x:.3g}"))
    _phase_borders(axes, epochs)
    told = [value for value in values if not math.isnan(value)]  # Those of the eval split, which comes last.
    words = f"{caption} by epoch: no figure on the eval split"
    if told:
        top = best(told)
        words = (
            f"{caption} by epoch: from {told[0]:.3g} to {told[-1]:.3g} on the eval split, "
            f"at its best {top:.3g} in epoch {values.index(top) + 1} of {len(epochs)}"
        )
    unit = "by epoch"
    kept = kept_epoch(epochs)
    if kept is not None and not math.isnan(values[kept - 1]):
        axes.plot([kept], [values[kept - 1]], color=MARK, marker="o", markersize=7, zorder=3)
        words += f"; the model is that of epoch {kept}"
    if left_out:
        unit += f", without what is no number or too large to draw: {' and '.join(left_out)}"
        words += f"; left out are {' and '.join(left_out)}, which are no numbers or too large to draw"
    return Chart(caption, unit, themed_svg(figure, f"curve-{name}", words))


def _drawable(value: float | None) -> float:
    """The value; none that is a number where it cannot be drawn."""
    return value if value is not None and abs(value) <= _LARGEST else math.nan


def _phase_borders(axes: Axes, epochs: Sequence[Mapping[str, float]]) -> None:
    """A line where a phase begins, and its name above the curves, where the one before leaves room for it."""
    phases = [int(row["phase"]) for row in epochs]
    free_from = 0.0
    for position in range(1, len(epochs)):
        if phases[position] == phases[position - 1]:
            continue
        axes.axvline(position + 0.5, color=LINE, linewidth=1.2, linestyle=(0, (4, 2)))
        if position < free_from:
            continue
        free_from = position + _NAME_WIDTH * len(epochs)
        axes.annotate(
            f"phase {phases[position]}",
            (position + 0.5, 1),
            (4, 1),
            xycoords=("data", "axes fraction"),
            textcoords="offset points",
            va="bottom",
            color=INK,
            fontsize=FONT_SIZE,
        )
