"""The confusion matrix as a picture."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

# Inches; a picture has _DPI pixels an inch.
_CELL: Final = 0.42
_LEAST: Final = 2.6
_MARGIN: Final = 2.2
_DPI: Final = 110
_LONGEST_NAME: Final = 18
# With more classes there is no place for words.
_MOST_WITH_WORDS: Final = 60
# The matrix without words: no less than a page is wide, and a pixel a class, as far as a picture should go.
_WITHOUT_WORDS: Final = (8.0, 25.0)


def confusion_counts(labels: np.ndarray, answers: np.ndarray, classes: int) -> np.ndarray:
    """How often each class was taken for each.

    Args:
        labels: int [N], true ones.
        answers: int [N], given ones.
        classes: how many there are.

    Returns:
        int64 [classes, classes], a row for each true class.
    """
    counts = np.zeros((classes, classes), np.int64)
    np.add.at(counts, (labels, answers), 1)
    return counts


def confusion_picture(counts: np.ndarray, names: Sequence[str]) -> Image.Image:
    """Draws the matrix: each cell is as dark as its share of its row.

    A cell says its count, and rows and columns their names, unless there are very many.

    Args:
        counts: int [classes, classes], a row for each true class.
        names: of the classes.
    """
    shares = counts / np.maximum(1, counts.sum(1, keepdims=True))
    with_words = len(names) <= _MOST_WITH_WORDS
    if with_words:
        size = max(_LEAST, _CELL * len(names))
    else:
        size = min(max(_WITHOUT_WORDS[0], len(names) / _DPI), _WITHOUT_WORDS[1])
    # Without pyplot, which would keep the figure and ask for a screen.
    figure = Figure(figsize=(size + _MARGIN, size + _MARGIN), dpi=_DPI, layout="constrained")
    canvas = FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    # Averaged where a cell is less than a pixel, so that none is lost.
    axes.imshow(
        shares, cmap="Blues", vmin=0, vmax=1, interpolation="nearest" if with_words else "antialiased"
    )
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    if with_words:
        _write_words(axes, counts, shares, names)
        axes.set(xlabel="answer", ylabel="label")
    else:
        axes.set(
            xlabel=f"answer, of {len(names):,} classes in id order", ylabel="label", xticks=(), yticks=()
        )
    canvas.draw()
    return Image.fromarray(np.asarray(canvas.buffer_rgba())[..., :3].copy())


def _write_words(axes: Axes, counts: np.ndarray, shares: np.ndarray, names: Sequence[str]) -> None:
    short = [name if len(name) <= _LONGEST_NAME else f"{name[: _LONGEST_NAME - 1]}…" for name in names]
    axes.set_xticks(range(len(names)), short, rotation=90 if len(names) > 4 else 0)
    axes.set_yticks(range(len(names)), short)
    for label in (*axes.get_xticklabels(), *axes.get_yticklabels()):
        label.set_parse_math(False)  # A name may have dollar signs.
    axes.set_xticks(np.arange(1, len(names)) - 0.5, minor=True)
    axes.set_yticks(np.arange(1, len(names)) - 0.5, minor=True)
    axes.grid(which="minor", color="white", linewidth=1)
    axes.tick_params(which="minor", length=0)
    for row, column in zip(*np.nonzero(counts), strict=True):
        count, share = counts[row, column], shares[row, column]
        text = f"{count}\n{share:.0%}" if len(names) <= 5 else str(count)
        color = "white" if share > 0.5 else "black"
        axes.text(
            column, row, text, ha="center", va="center", color=color, fontsize=_font_size(len(names), count)
        )


def _font_size(classes: int, count: int) -> float:
    if classes <= 5:
        return 11
    return min(9.0, 27 / len(str(count)))
