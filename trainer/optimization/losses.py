"""The loss, from its settings."""

from __future__ import annotations

from typing import Final

import keras

from trainer.optimization.settings import LossSettings

_GAMMA: Final = 2.0


def build_loss(settings: LossSettings) -> keras.losses.Loss:
    """Builds the loss: a mean over the batch, weighted with the sample weights where there are any.

    With probabilities p, labels y and C classes, y' = (1 - smoothing) y + smoothing / C, and the loss of an
    image is -Σ y' log p for cross-entropy (Szegedy et al. 2016, section 7) and -Σ (1 - p)^γ y' log p for the
    focal loss (Lin et al. 2017, equation 4).

    The α of Lin et al., which Keras has at 0.25, is 1 here: what a class counts is said by sample weights,
    and a constant factor would change the step of some optimizers and not of others.

    Returns:
        A loss of (labels float [N, C], which are one-hot or mixed; probabilities float [N, C]).
    """
    if settings.name == "focal":
        gamma = _GAMMA if settings.gamma is None else settings.gamma
        return keras.losses.CategoricalFocalCrossentropy(
            alpha=1.0, gamma=gamma, label_smoothing=settings.label_smoothing
        )
    return keras.losses.CategoricalCrossentropy(label_smoothing=settings.label_smoothing)
