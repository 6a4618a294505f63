"""A sheet that shows what the ops do to a few images, one by one and all together."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import Final

import numpy as np
import tensorflow as tf
from PIL import Image, ImageDraw

from trainer.augmentation.augment import augment
from trainer.augmentation.op_settings import AnyOp
from trainer.augmentation.seeds import fold
from trainer.augmentation.settings import AugmentationSettings
from trainer.picture_sheet import (
    GAP,
    INK,
    PALE_INK,
    PAPER,
    SMALLEST_PICTURE,
    Font,
    font,
    height_of,
    scale_for,
    shortened,
    write_lines,
)

# All in pixels.
_MARGIN: Final = 28
_TITLE: Final = 15
_DETAIL: Final = 13


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
    title, detail = font("DejaVuSans-Bold.ttf", _TITLE), font("DejaVuSans.ttf", _DETAIL)
    height, width = columns[0][2].shape[1:3]
    scale = scale_for(max(height, width))
    size = max(1, round(width * scale)), max(1, round(height * scale))
    cell = max(size[0], SMALLEST_PICTURE)
    captions = [[(title, INK, shortened(name, title, cell))] for name, _, _ in columns]
    for caption, (_, details, _) in zip(captions, columns, strict=True):
        caption += [(detail, PALE_INK, line) for text in details for line in _wrapped(text, detail, cell)]
    name_lines = [[(detail, PALE_INK, shortened(name, detail, cell))] for name in names]
    caption_height = max(height_of(caption) for caption in captions)
    caption_height = max(caption_height, height_of(captions[0]) + height_of(name_lines[0]))
    row_height = size[1] + caption_height + GAP
    sheet = Image.new(
        "RGB",
        (
            2 * _MARGIN + len(columns) * cell + (len(columns) - 1) * GAP,
            2 * _MARGIN + len(names) * row_height - GAP,
        ),
        PAPER,
    )
    draw = ImageDraw.Draw(sheet)
    for number, (_, _, pictures) in enumerate(columns):
        left = _MARGIN + number * (cell + GAP)
        for row, picture in enumerate(pictures):
            top = _MARGIN + row * row_height
            resampling = Image.Resampling.NEAREST if scale > 1 else Image.Resampling.LANCZOS
            sheet.paste(Image.fromarray(picture).resize(size, resampling), (left, top))
            caption = captions[number] + (name_lines[row] if number == 0 else [])
            write_lines(draw, caption, left, top + size[1] + GAP // 2)
    return sheet


def _wrapped(text: str, font: Font, width: int) -> list[str]:
    return textwrap.wrap(text, max(1, int(width / font.getlength("x"))))
