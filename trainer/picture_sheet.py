"""What sheets of pictures with words below them have in common."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import matplotlib
from PIL import ImageDraw, ImageFont

# In pixels.
SMALLEST_PICTURE: Final = 176
_LARGEST_PICTURE: Final = 256
GAP: Final = 16
# Of the height of the letters.
_LEADING: Final = 1.3

PAPER: Final = (255, 255, 255)
INK: Final = (28, 30, 33)
PALE_INK: Final = (98, 104, 112)

Font = ImageFont.FreeTypeFont
# One line: its font, its color, its words.
Line = tuple[Font, tuple[int, int, int], str]


def font(file: str, size: int) -> Font:
    """A font of those that Matplotlib brings, which know most of the world's letters; Pillow's own knows few.

    Args:
        file: its name, such as `DejaVuSans.ttf`.
        size: in pixels.
    """
    return ImageFont.truetype(Path(matplotlib.get_data_path(), "fonts", "ttf", file), size)


def scale_for(length: int) -> float:
    """What a picture of this length, in pixels, is enlarged by.

    Whole numbers, where it is more than 1, so that its pixels stay squares.
    """
    if length < SMALLEST_PICTURE:
        return max(1, _LARGEST_PICTURE // length)
    return min(1.0, _LARGEST_PICTURE / length)


def shortened(text: str, font: Font, width: int) -> str:
    """The text, or as much of its beginning and end as fits into `width` pixels, around an ellipsis."""
    if font.getlength(text) <= width:
        return text
    for kept in range(len(text) - 1, 1, -1):
        short = f"{text[: kept // 2]}…{text[len(text) - kept + kept // 2 :]}"
        if font.getlength(short) <= width:
            return short
    return "…"


def height_of(caption: Sequence[Line]) -> int:
    """Pixels that the lines take, with the gap above them."""
    return GAP // 2 + sum(round(font.size * _LEADING) for font, _, _ in caption)


def write_lines(draw: ImageDraw.ImageDraw, caption: Sequence[Line], left: int, top: int) -> None:
    """Writes one line below the other, from a point in pixels."""
    for font, ink, text in caption:
        draw.text((left, top), text, ink, font)
        top += round(font.size * _LEADING)
