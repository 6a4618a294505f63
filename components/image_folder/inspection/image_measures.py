"""What the pixels of an image say: a few measures, and a hash of what it shows."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

import numpy as np
import numpy.typing as npt

from components.image_folder.headers.image_header import ImageHeader
from components.image_folder.inspection.reduction import Pixels, reduction
from components.image_folder.records.measures import Measures

# The colours of at least this many rows are looked at, where there are as many.
_ROWS: Final = 24
_FREQUENCIES: Final = 16
_LUMA: Final = np.array((0.299, 0.587, 0.114), np.float32)  # ITU-R BT.601
_GRAYS: Final = 256
_ALL_GRAYS: Final = np.arange(_GRAYS, dtype=np.float64)
_SQUARED_GRAYS: Final = _ALL_GRAYS**2

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


def measure(image: Pixels, header: ImageHeader) -> tuple[Measures, str]:
    """Measures an image.

    Args:
        image: uint8 [height, width, 3], from `decode_reduced`.
        header: what `read_header` says of the image.

    Returns:
        The measures, and the perceptual hash of the upright picture: 256 bits as
        hexadecimal digits, of which near-duplicates differ in few.
    """
    # This is done for every image, and takes half as long as decoding one: hence nothing but operations
    # on memory in one piece, and some of the rows where those say well enough what all of them would.
    height, width, _ = image.shape
    gray = (image.reshape(-1, 3).astype(np.float32) @ _LUMA).reshape(height, width)
    step = max(1, height // _ROWS)
    rows = image[::step].astype(np.float32)
    pixels = len(rows) * width
    # Of every row: what is bright may lie in the others alone, and the image would be told to be black.
    shares = np.bincount(np.rint(gray).astype(np.uint8).ravel(), minlength=_GRAYS) / gray.size
    brightness = float(shares @ _ALL_GRAYS)
    occurring = shares[shares > 0]
    below = shares.cumsum()
    values = (
        brightness,
        max(float(shares @ _SQUARED_GRAYS) - brightness**2, 0) ** 0.5,
        _sharpness(gray),
        abs(float(occurring @ np.log2(occurring))),
        float(below.searchsorted(0.01)),
        float(below.searchsorted(0.99)),
        *(rows.sum(0).sum(0) / pixels),
        *(np.square(rows).sum(0).sum(0) / pixels),
    )
    # Few digits, so that a line of the manifest stays short.
    measures = Measures._make(np.round(values, 2).tolist())
    return measures, _perceptual_hash(gray, header)


def _sharpness(gray: Floats) -> float:
    """The variance of the Laplacian; 0 for images without an inner pixel."""
    height, width = gray.shape
    if min(height, width) < 3:
        return 0.0
    # Of all rows but the first and the last in one piece; at the ends of rows it says nothing.
    row = gray.ravel()
    laplacian = row[: -2 * width] + row[2 * width :]
    laplacian += row[width - 1 : -width - 1]
    laplacian += row[width + 1 : len(row) - width + 1]
    laplacian -= 4 * row[width:-width]
    by_row = laplacian.reshape(height - 2, width)
    by_row[:, 0] = by_row[:, -1] = 0
    pixels = (height - 2) * (width - 2)
    mean = float(laplacian.sum()) / pixels
    return max(float(laplacian @ laplacian) / pixels - mean**2, 0.0)


def _perceptual_hash(gray: Floats, header: ImageHeader) -> str:
    """Whether each of the lowest 16 x 16 frequencies is above their median (after Zauner 2010).

    To turn a picture is to transpose its frequencies, and to mirror it is to
    change the sign of the odd ones.
    """
    height, width = gray.shape
    scale = reduction(header)
    down_it, across_it = _cosines(height, header.height / scale), _cosines(width, header.width / scale)
    frequencies = down_it @ gray @ across_it.T
    transposed, across, down = _ORIENTATIONS.get(header.orientation, (False, False, False))
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


@lru_cache(maxsize=1024)
def _cosines(pixels: int, extent: float) -> Floats:
    """The first waves of the discrete cosine transform of type II: float32 [16, pixels].

    Args:
        pixels: in a row, or a column.
        extent: how many of them the picture covers; the last one may be covered in part. The waves span
            just that, so that they lie alike on the same picture in another size.
    """
    edges = np.minimum(np.arange(pixels + 1), extent) / extent
    centres, shares = (edges[:-1] + edges[1:]) / 2, np.diff(edges)
    return (np.cos(np.pi * centres * np.arange(_FREQUENCIES)[:, None]) * shares).astype(np.float32)
