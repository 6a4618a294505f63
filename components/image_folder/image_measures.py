"""What the pixels of an image say: TensorFlow decodes it once, NumPy measures it."""

from __future__ import annotations

from functools import lru_cache
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from components.image_folder.image_header import ImageHeader, UnusableImageError

# Larger images are reduced, by a whole factor, for as long as their shorter side stays at least this.
_SHORTER_SIDE: Final = 128
_FREQUENCIES: Final = 16
HASH_BITS: Final = _FREQUENCIES**2
_LUMA: Final = np.array((0.299, 0.587, 0.114), np.float32)  # ITU-R BT.601
_GRAYS: Final = 256

_COLOURS: Final = ("red", "green", "blue")

Floats = npt.NDArray[np.float32]
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
    """Measured on the image reduced to 128 to 255 pixels on its shorter side; grays go from 0 to 255.

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


def measure(data: bytes, header: ImageHeader) -> tuple[Measures, str]:
    """Decodes an image with the decoder that trains and serves, and measures it.

    A JPEG is decoded at a reduced scale: all of its entropy-coded data is
    read, which is where damage shows, but fewer pixels are computed.

    Args:
        data: the file's bytes.
        header: what `read_header` says of them.

    Returns:
        The measures, and the perceptual hash of the upright picture: 256 bits as
        hexadecimal digits, of which near-duplicates differ in few.

    Raises:
        UnusableImageError: the decoder refuses the data, for example because the file is truncated.
    """
    image = _decode_reduced(data, header)
    gray = image @ _LUMA
    grays = np.bincount(np.rint(gray).astype(np.uint8).ravel(), minlength=_GRAYS)
    shares = grays / gray.size
    below = np.cumsum(shares)
    some = shares[shares > 0]
    # A grid of about 32 x 32 pixels is enough for means.
    step = max(1, min(gray.shape) // 32)
    some_pixels = image[::step, ::step].reshape(-1, 3).astype(np.float64)
    mean, mean_square = some_pixels.mean(0), np.square(some_pixels).mean(0)
    measures = Measures(
        brightness=_rounded(gray.mean()),
        contrast=_rounded(gray.std()),
        sharpness=_rounded(_laplacian(gray).var()) if min(gray.shape) > 2 else 0.0,
        entropy=_rounded(-(some * np.log2(some)).sum()),
        darkest=float(np.searchsorted(below, 0.01)),
        brightest=float(np.searchsorted(below, 0.99)),
        **{name: _rounded(value) for name, value in zip(_COLOURS, mean, strict=True)},
        **{f"{name}_square": _rounded(value) for name, value in zip(_COLOURS, mean_square, strict=True)},
    )
    return measures, _perceptual_hash(gray, header.orientation)


def _decode_reduced(data: bytes, header: ImageHeader) -> Floats:
    """float32 [height, width, 3], from 0 to 255."""
    factor = max(1, min(header.width, header.height) // _SHORTER_SIDE)
    try:
        if header.format == "JPEG":
            ratio = next(ratio for ratio in (8, 4, 2, 1) if ratio <= factor)
            image = tf.io.decode_jpeg(data, channels=3, ratio=ratio)
            factor //= ratio
        else:
            image = tf.io.decode_image(data, channels=3, expand_animations=False)
    except (tf.errors.InvalidArgumentError, tf.errors.ResourceExhaustedError):
        raise UnusableImageError("corrupt", "truncated or damaged: the decoder refuses it") from None
    pixels: Floats = image.numpy()
    if factor > 1:
        height, width = (size // factor for size in pixels.shape[:2])
        blocks = pixels[: height * factor, : width * factor].reshape(height, factor, width, factor, 3)
        return blocks.mean((1, 3), dtype=np.float32)
    return pixels.astype(np.float32)


def _laplacian(gray: Floats) -> Floats:
    inner = gray[1:-1, 1:-1]
    return gray[:-2, 1:-1] + gray[2:, 1:-1] + gray[1:-1, :-2] + gray[1:-1, 2:] - 4 * inner


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
    return np.packbits(frequencies > np.median(frequencies)).tobytes().hex()


@lru_cache(maxsize=4096)
def _cosines(pixels: int) -> Floats:
    """The first rows of the discrete cosine transform of type II: float32 [16, pixels]."""
    frequency, pixel = np.arange(_FREQUENCIES)[:, None], np.arange(pixels)[None]
    return (np.cos(np.pi / pixels * (pixel + 0.5) * frequency) / pixels).astype(np.float32)


def _rounded(value: float) -> float:
    """Few digits, so that a line of the manifest stays short."""
    return round(float(value), 2)
