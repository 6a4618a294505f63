"""A sheet of the images that the model is most surely wrong about."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from PIL import Image, ImageDraw

from trainer.images.pixel_store import PixelStore
from trainer.picture_sheet import (
    GAP,
    INK,
    PALE_INK,
    PAPER,
    SMALLEST_PICTURE,
    font,
    height_of,
    scale_for,
    shortened,
    write_lines,
)

_COLUMNS: Final = 6
MOST: Final = 24
_MARGIN: Final = 28
_LETTERS: Final = 13


def surest_mistakes(labels: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
    """Which answers are wrong, the most probable first.

    Args:
        labels: int [N], true ones.
        probabilities: float [N, classes].

    Returns:
        int64 [M], at most `MOST` positions.
    """
    wrong = np.flatnonzero(probabilities.argmax(1) != labels)
    return wrong[np.argsort(-probabilities[wrong].max(1), kind="stable")][:MOST]


def mistakes_sheet(pixels: PixelStore, probabilities: np.ndarray, names: Sequence[str]) -> Image.Image:
    """Draws them in rows, with the given and the true label and their probabilities below each.

    Args:
        pixels: of the split, with the true labels.
        probabilities: float [N, classes], of the same images.
        names: of the classes.
    """
    rows = surest_mistakes(pixels.labels, probabilities)
    plain, bold = font("DejaVuSans.ttf", _LETTERS), font("DejaVuSans-Bold.ttf", _LETTERS)
    scale = scale_for(pixels.shape[1])
    size = round(pixels.shape[1] * scale)
    cell = max(size, SMALLEST_PICTURE)
    if not len(rows):
        sheet = Image.new("RGB", (2 * _MARGIN + 2 * cell, 3 * _MARGIN), PAPER)
        write_lines(ImageDraw.Draw(sheet), [(plain, INK, "No image was misclassified.")], _MARGIN, _MARGIN)
        return sheet
    captions = []
    for row in rows:
        lines = []
        for style, ink, word, label in (
            (bold, INK, "answer", int(probabilities[row].argmax())),
            (plain, PALE_INK, "label", int(pixels.labels[row])),
        ):
            percent = f" {probabilities[row, label]:.1%}"
            width = cell - int(style.getlength(percent))
            lines.append((style, ink, shortened(f"{word} {names[label]}", style, width) + percent))
        captions.append(lines)
    columns = min(_COLUMNS, len(rows))
    height = size + height_of(captions[0]) + GAP
    sheet = Image.new(
        "RGB",
        (2 * _MARGIN + columns * (cell + GAP) - GAP, 2 * _MARGIN + -(-len(rows) // columns) * height - GAP),
        PAPER,
    )
    draw = ImageDraw.Draw(sheet)
    resampling = Image.Resampling.NEAREST if scale > 1 else Image.Resampling.LANCZOS
    for place, (picture, caption) in enumerate(zip(pixels.read(rows), captions, strict=True)):
        left = _MARGIN + place % columns * (cell + GAP)
        top = _MARGIN + place // columns * height
        sheet.paste(Image.fromarray(picture).resize((size, size), resampling), (left, top))
        write_lines(draw, caption, left, top + size + GAP // 2)
    return sheet
