"""Which images are odd: hardly anything on them, out of focus, or of an extreme shape."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from components.image_folder.records.measures import Measures


class OddLimits(NamedTuple):
    """From where on an image is odd: the fields of `OddImageSettings`, which are described there."""

    dark: float
    bright: float
    low_information: float
    blurry: float
    aspect_ratio: float


def odd_shape(width: int, height: int, limits: OddLimits) -> Iterator[tuple[str, str]]:
    """Pairs of kind and reason that the size in pixels gives."""
    ratio = max(width, height) / min(width, height)
    if ratio > limits.aspect_ratio:
        yield "extreme_aspect_ratio", f"{width} x {height}: one side is {ratio:.1f} times the other"


def odd_pixels(measures: Measures, limits: OddLimits) -> Iterator[tuple[str, str]]:
    """Pairs of kind and reason that the pixels give, the strongest alone.

    A black image holds no information and no edges either; to say so three times helps nobody.
    """
    if measures.brightest <= limits.dark:
        yield "dark", f"nearly black: 99 % of the pixels are at most {measures.brightest:.0f} of 255"
    elif measures.darkest >= limits.bright:
        yield "bright", f"nearly white: 99 % of the pixels are at least {measures.darkest:.0f} of 255"
    elif measures.entropy < limits.low_information:
        yield "low_information", f"its grays hold {measures.entropy:.2f} bits of information"
    elif measures.sharpness < limits.blurry:
        yield "blurry", f"blurry: the variance of its Laplacian is {measures.sharpness:.1f}"
