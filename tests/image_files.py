"""Image folders for tests, made anew; no binary file is kept in git."""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from PIL import Image


def image_bytes(
    seed: int, image_format: str = "JPEG", size: tuple[int, int] = (32, 24), mode: str = "RGB"
) -> bytes:
    """A noisy image; another seed gives other bytes."""
    noise = np.random.default_rng(seed).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    file = io.BytesIO()
    Image.fromarray(noise).convert(mode).save(file, image_format)
    return file.getvalue()


def patterned_bytes(label: int, seed: int, image_format: str = "JPEG") -> bytes:
    """An image whose class shows: stripes across for label 0, stripes down for label 1, plain above."""
    random = np.random.default_rng(seed)
    pixels = np.full((32, 32, 3), 60 + 60 * label, np.int64)
    if label == 0:
        pixels[::4] = 230
    elif label == 1:
        pixels[:, ::4] = 230
    noisy = np.clip(pixels + random.integers(-25, 26, pixels.shape), 0, 255).astype(np.uint8)
    file = io.BytesIO()
    Image.fromarray(noisy).save(file, image_format)
    return file.getvalue()


def write_folder(root: Path, classes: Mapping[str, int], first_seed: int = 0) -> Path:
    """Writes class folders with that many patterned images each, JPEG and PNG in turn."""
    for position, (label, count) in enumerate(classes.items()):
        (root / label).mkdir(parents=True, exist_ok=True)
        for number in range(count):
            image_format = ("JPEG", "PNG")[number % 2]
            data = patterned_bytes(position, first_seed + 10_000 * position + number, image_format)
            (root / label / f"{number:04d}.{image_format.lower()}").write_bytes(data)
    return root
