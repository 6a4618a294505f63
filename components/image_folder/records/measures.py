"""The measures taken of an image."""

from __future__ import annotations

from typing import NamedTuple


class Measures(NamedTuple):
    """Measured on the image reduced to 64 to 127 pixels on its shorter side; grays go from 0 to 255.

    Images that are smaller are measured as they are.

    Attributes:
        brightness, contrast: mean and standard deviation of the grays.
        sharpness: variance of the Laplacian of the grays (Pech-Pacheco et al. 2000).
        entropy: of the grays, in bits, from 0 to 8.
        darkest, brightest: the grays that 1 % of the pixels are at most, or at least.
        red, green, blue: their means, over at least 24 rows that lie evenly, or all where there are fewer.
        red_square, green_square, blue_square: the means of their squares, over the same rows.
    """

    brightness: float
    contrast: float
    sharpness: float
    entropy: float
    darkest: float
    brightest: float
    red: float
    green: float
    blue: float
    red_square: float
    green_square: float
    blue_square: float
