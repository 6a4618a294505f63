"""What the pixels of an image say: a few measures, and a hash of what it shows."""

from __future__ import annotations

from functools import lru_cache
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

# The colours and grays of at least this many rows and columns are looked at.
_GRID: Final = 32
_FREQUENCIES: Final = 16
_LUMA: Final = np.array((0.299, 0.587, 0.114), np.float32)  # ITU-R BT.601
_GRAYS: Final = 256
_ALL_GRAYS: Final = np.arange(_GRAYS, dtype=np.float64)

Floats = npt.NDArray[np.float32]
Pixels = npt.NDArray[np.uint8]
# How each EXIF orientation follows from the upright picture: transposed, then mirrored across, then down.
_ORIENTATIONS: Final = {
    2: (False, True, False),
    3: (False, True, True),
    4: (False, False, True),
    5: (True, False, False),
    6: (True, True, False),
    7: (True, True, True),
    8: (True, False, True),
}


class Measures(NamedTuple):
    """Measured on the image reduced to 64 to 127 pixels on its shorter side; grays go from 0 to 255.

    Images that are smaller are measured as they are.

    Attributes:
        brightness, contrast: mean and standard deviation of the grays.
        sharpness: variance of the Laplacian of the grays (Pech-Pacheco et al. 2000).
        entropy: of the grays, in bits, from 0 to 8.
        darkest, brightest: the grays that 1 % of the pixels are at most, or at least.
        red, green, blue: their means.
        red_square, green_square, blue_square: the means of their squares.
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


def measure(image: Pixels, orientation: int) -> tuple[Measures, str]:
    """Measures an image.

    Args:
        image: uint8 [height, width, 3], from `decode_reduced`.
        orientation: of the EXIF tag, 1 to 8.

    Returns:
        The measures, and the perceptual hash of the upright picture: 256 bits as
        hexadecimal digits, of which near-duplicates differ in few.
    """
    # This is done for every image, while TensorFlow decodes the next: what a grid of pixels says well
    # enough is taken from a grid, and most of that from how often each gray occurs.
    height, width, _ = image.shape
    gray = (image.reshape(-1, 3).astype(np.float32) @ _LUMA).reshape(height, width)
    step = max(1, min(height, width) // _GRID)
    grid = image[::step, ::step].reshape(-1, 3).astype(np.float32)
    grays = np.rint(gray[::step, ::step]).astype(np.uint8).ravel()
    shares = np.bincount(grays, minlength=_GRAYS) / len(grid)
    brightness = float(shares @ _ALL_GRAYS)
    occurring = shares[shares > 0]
    below = shares.cumsum()
    values = (
        brightness,
        max(float(shares @ _ALL_GRAYS**2) - brightness**2, 0) ** 0.5,
        _sharpness(gray),
        -float(occurring @ np.log2(occurring)),
        float(below.searchsorted(0.01)),
        float(below.searchsorted(0.99)),
        *(np.ones(len(grid), np.float32) @ grid / len(grid)).tolist(),
        *(np.diagonal(grid.T @ grid) / len(grid)).tolist(),
    )
    # Few digits, so that a line of the manifest stays short.
    measures = Measures._make(round(value, 2) for value in values)
    return measures, _perceptual_hash(gray, orientation)


def _sharpness(gray: Floats) -> float:
    """The variance of the Laplacian; 0 for images without an inner pixel."""
    if min(gray.shape) < 3:
        return 0.0
    inner = gray[1:-1]
    edges = (gray[:-2] + gray[2:])[:, 1:-1] + inner[:, :-2]
    edges += inner[:, 2:]
    edges -= 4 * inner[:, 1:-1]
    edges = edges.ravel()
    mean = float(edges.sum()) / edges.size
    return max(float(edges @ edges) / edges.size - mean**2, 0.0)


def _perceptual_hash(gray: Floats, orientation: int) -> str:
    """Whether each of the lowest 16 x 16 frequencies is above their median (after Zauner 2010).

    To turn a picture is to transpose its frequencies, and to mirror it is to
    change the sign of the odd ones.
    """
    height, width = gray.shape
    frequencies = _cosines(height) @ gray @ _cosines(width).T
    transposed, across, down = _ORIENTATIONS.get(orientation, (False, False, False))
    if transposed:
        frequencies = frequencies.T
    signs = (-1.0) ** np.arange(_FREQUENCIES)
    if across:
        frequencies = frequencies * signs
    if down:
        frequencies = frequencies * signs[:, None]
    middle = _FREQUENCIES**2 // 2
    median = np.sort(frequencies, axis=None)[middle - 1 : middle + 1].mean()
    return np.packbits(frequencies > median).tobytes().hex()


@lru_cache(maxsize=4096)
def _cosines(pixels: int) -> Floats:
    """The first rows of the discrete cosine transform of type II: float32 [16, pixels]."""
    frequency, pixel = np.arange(_FREQUENCIES)[:, None], np.arange(pixels)[None]
    return (np.cos(np.pi / pixels * (pixel + 0.5) * frequency) / pixels).astype(np.float32)
