"""Real images to try the pipeline on: scikit-learn's handwritten digits as an image folder."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image
from sklearn.datasets import load_digits

from components.contract import ConfigError


def write_digits(folder: Path) -> int:
    """Writes the 1,797 digits of 8 x 8 pixels, one class folder each for 0 to 9.

    Every third is a JPEG, the others are PNGs. What is there already is left
    as it is, so that its modification times stay.

    Args:
        folder: created where needed.

    Returns:
        The number of images in the folder.

    Raises:
        ConfigError: the folder cannot be written to.
    """
    digits = load_digits()
    try:
        for number, (pixels, label) in enumerate(zip(digits.images, digits.target, strict=True)):
            jpeg = number % 3 == 0
            path = folder / str(label) / f"digit-{number:04d}.{'jpg' if jpeg else 'png'}"
            if path.exists():
                continue
            path.parent.mkdir(parents=True, exist_ok=True)
            # The data set counts ink from 0 to 16.
            image = Image.fromarray(np.round(pixels * (255 / 16)).astype(np.uint8))
            draft = path.with_name(f".{path.name}")
            image.save(draft, "JPEG" if jpeg else "PNG", quality=95)  # PNG has no quality and ignores it.
            draft.replace(path)
    except OSError as error:
        raise ConfigError(f"The digits cannot be written to {folder}: {error.strerror}.") from error
    return len(digits.images)
