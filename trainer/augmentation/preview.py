"""A sheet that shows what the ops do to a few images, one by one and all together."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import matplotlib
import numpy as np
import tensorflow as tf
from PIL import Image, ImageDraw, ImageFont

from trainer.augmentation.augment import augment
from trainer.augmentation.op_settings import AnyOp
from trainer.augmentation.seeds import fold
from trainer.augmentation.settings import AugmentationSettings

# All in pixels.
_SMALLEST_PICTURE: Final = 176
_LARGEST_PICTURE: Final = 256
_GAP: Final = 16
_MARGIN: Final = 28
_TITLE: Final = 15
_DETAIL: Final = 13
_LEADING: Final = 1.3

_PAPER: Final = (255, 255, 255)
_INK: Final = (28, 30, 33)
_PALE_INK: Final = (98, 104, 112)

_Font = ImageFont.FreeTypeFont


def preview_sheet(
    images: Sequence[tuple[str, np.ndarray]], settings: AugmentationSettings, seed: int
) -> Image.Image:
    """Draws a row for each image: as it is, after each op alone, and after all of them.

    Alone, an op is shown on every image, whatever its probability, which
    stands below it; all together, ops are drawn as they are in training.

    Args:
        images: at least one (name, pixels uint8 [H, W, 3]), all of the same size.
        settings: the ops.
        seed: the same one gives the same sheet.
    """
    pixels = np.stack([picture for _, picture in images])
    columns: list[tuple[str, list[str], np.ndarray]] = [("original", [], pixels)]
    for position, op in enumerate(settings.chosen_ops):
        alone = settings.model_copy(update={"ops": (op.model_copy(update={"probability": 1.0}),)})
        columns.append((op.op, strengths(op), _changed(pixels, alone, seed, position + 1)))
    columns.append(("all together", [f"fill_mode {settings.fill_mode}"], _changed(pixels, settings, seed, 0)))
    return _drawn([name for name, _ in images], columns)


def strengths(op: AnyOp) -> list[str]:
    """The op's settings in words, such as `degrees 15`; its probability last, if it has a choice."""
    told = [
        f"{name} {_told(value)}"
        for name, value in op.model_dump(exclude={"op", "probability"}).items()
        if value is not False
    ]
    return told + ([f"probability {op.probability:g}"] if op.probability < 1 else [])


def _told(value: object) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value).lower()


def _changed(pixels: np.ndarray, settings: AugmentationSettings, seed: int, column: int) -> np.ndarray:
    images = tf.constant(pixels, tf.float32)
    # Labels are of no interest here, and each image is a class of its own.
    labels = tf.one_hot(tf.range(len(pixels)), len(pixels))
    changed, _ = augment(images, labels, settings, fold(tf.constant([seed, 0], tf.int64), column))
    return tf.cast(tf.round(changed), tf.uint8).numpy()


def _drawn(names: Sequence[str], columns: Sequence[tuple[str, list[str], np.ndarray]]) -> Image.Image:
    title, detail = _font("DejaVuSans-Bold.ttf", _TITLE), _font("DejaVuSans.ttf", _DETAIL)
    height, width = columns[0][2].shape[1:3]
    scale = _scale(max(height, width))
    size = max(1, round(width * scale)), max(1, round(height * scale))
    cell = max(size[0], _SMALLEST_PICTURE)
    captions = [[(title, _INK, _shortened(name, title, cell))] for name, _, _ in columns]
    for caption, (_, details, _) in zip(captions, columns, strict=True):
        caption += [(detail, _PALE_INK, line) for text in details for line in _wrapped(text, detail, cell)]
    name_lines = [[(detail, _PALE_INK, _shortened(name, detail, cell))] for name in names]
    caption_height = max(_height(caption) for caption in captions)
    caption_height = max(caption_height, _height(captions[0]) + _height(name_lines[0]))
    row_height = size[1] + caption_height + _GAP
    sheet = Image.new(
        "RGB",
        (
            2 * _MARGIN + len(columns) * cell + (len(columns) - 1) * _GAP,
            2 * _MARGIN + len(names) * row_height - _GAP,
        ),
        _PAPER,
    )
    draw = ImageDraw.Draw(sheet)
    for number, (_, _, pictures) in enumerate(columns):
        left = _MARGIN + number * (cell + _GAP)
        for row, picture in enumerate(pictures):
            top = _MARGIN + row * row_height
            resampling = Image.Resampling.NEAREST if scale > 1 else Image.Resampling.LANCZOS
            sheet.paste(Image.fromarray(picture).resize(size, resampling), (left, top))
            caption = captions[number] + (name_lines[row] if number == 0 else [])
            _write(draw, caption, left, top + size[1] + _GAP // 2)
    return sheet


def _scale(length: int) -> float:
    """What a picture of this length is enlarged by: whole numbers, so that its pixels stay squares."""
    if length < _SMALLEST_PICTURE:
        return max(1, _LARGEST_PICTURE // length)
    return min(1.0, _LARGEST_PICTURE / length)


def _font(file: str, size: int) -> _Font:
    # Matplotlib brings a font that knows most of the world's letters; Pillow's own knows few.
    return ImageFont.truetype(Path(matplotlib.get_data_path(), "fonts", "ttf", file), size)


def _shortened(text: str, font: _Font, width: int) -> str:
    """The text, or as much of its beginning and end as fits, around an ellipsis."""
    if font.getlength(text) <= width:
        return text
    for kept in range(len(text) - 1, 1, -1):
        short = f"{text[: kept // 2]}…{text[len(text) - kept + kept // 2 :]}"
        if font.getlength(short) <= width:
            return short
    return "…"


def _wrapped(text: str, font: _Font, width: int) -> list[str]:
    return textwrap.wrap(text, max(1, int(width / font.getlength("x"))))


def _height(caption: Sequence[tuple[_Font, tuple[int, int, int], str]]) -> int:
    return _GAP // 2 + sum(round(font.size * _LEADING) for font, _, _ in caption)


def _write(
    draw: ImageDraw.ImageDraw,
    caption: Sequence[tuple[_Font, tuple[int, int, int], str]],
    left: int,
    top: int,
) -> None:
    for font, ink, text in caption:
        draw.text((left, top), text, ink, font)
        top += round(font.size * _LEADING)
