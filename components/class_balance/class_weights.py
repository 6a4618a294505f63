"""How much each class should count in the loss, so that small ones are not drowned out. Pure Python."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Final, Literal, TypeVar

Scheme = Literal["inverse", "sqrt_inverse", "effective_number"]
SCHEMES: Final[tuple[Scheme, ...]] = ("inverse", "sqrt_inverse", "effective_number")
# Cui et al. try 0.9 to 0.9999. With 0.999 classes beyond a few thousand images count as equal.
BETA: Final = 0.999

Key = TypeVar("Key", str, int)


def class_weights(counts: Mapping[Key, int], scheme: Scheme) -> dict[Key, float]:
    """Weights of the classes, whose average over the training images is 1.

    So the loss keeps its scale, and a learning rate its meaning.

    - `inverse`: N / (C n), for a class with n of the N images, among C classes
      (King and Zeng 2001, "Logistic regression in rare events data").
    - `sqrt_inverse`: in proportion to 1 / sqrt(n), half way to `inverse` on a
      logarithmic scale (Mahajan et al. 2018, "Exploring the limits of weakly
      supervised pretraining").
    - `effective_number`: in proportion to (1 - β) / (1 - β^n), with β = 0.999
      (Cui et al. 2019, "Class-balanced loss based on effective number of
      samples").

    Args:
        counts: class → training images.
        scheme: how weights fall with the number of images.

    Returns:
        Class → weight; 0 for a class without images, which does not count
        among the C.
    """
    raw = {label: _raw_weight(images, scheme) if images else 0.0 for label, images in counts.items()}
    total = sum(raw[label] * images for label, images in counts.items())
    scale = sum(counts.values()) / total if total else 0.0
    return {label: weight * scale for label, weight in raw.items()}


def oversampling_factors(counts: Mapping[str, int]) -> dict[str, float]:
    """How many times each image of a class has to be shown for all classes to be as big as the biggest.

    Args:
        counts: class → training images.

    Returns:
        Class → factor, 1 for the biggest; 0 for a class without images.
    """
    biggest = max(counts.values(), default=0)
    return {label: biggest / images if images else 0.0 for label, images in counts.items()}


def _raw_weight(images: int, scheme: Scheme) -> float:
    if scheme == "inverse":
        return 1 / images
    if scheme == "sqrt_inverse":
        return 1 / math.sqrt(images)
    return (1 - BETA) / (1 - BETA**images)
