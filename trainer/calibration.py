"""Temperature scaling (Guo et al. 2017, https://arxiv.org/abs/1706.04599).

A network that has learnt its images by heart is surer than it is right. Dividing
its logits by one number, the temperature, changes no answer, and how sure each is.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import tensorflow as tf

from trainer.answer_views import views_of
from trainer.images.batches import steps_an_epoch
from trainer.images.pixel_store import PixelStore
from trainer.model.classifier import Classifier
from trainer.model.head import LOGITS
from trainer.settings import TestTimeAugmentation

# More of them would not change the one number that is sought.
_MOST_IMAGES: Final = 10_000
_MOST_PROBABILITIES: Final = 2**24
_TEMPERATURES: Final = (0.05, 20.0)


def temperature_of(log_probabilities: np.ndarray, labels: np.ndarray) -> float:
    """The temperature at which the labels are likeliest.

    One more image is thought of, answered as the others are on average, whose label is the first answer or
    the second. A split without a mistake, as a small one easily is, would else ask for certainty.

    Args:
        log_probabilities: float [V, N, C]; answers are the mean of the probabilities over the V views.
        labels: int [N], from 0.
    """
    from scipy.optimize import minimize_scalar
    from scipy.special import logsumexp

    logits = log_probabilities.astype(np.float64)
    labels = labels[:, None]
    first_two = np.argpartition(logsumexp(logits, axis=0), -2, axis=1)[:, -2:]

    def surprise(log_temperature: float) -> float:
        scaled = logits / np.exp(log_temperature)
        by_view = scaled - logsumexp(scaled, axis=-1, keepdims=True)
        answers = logsumexp(by_view, axis=0) - np.log(len(logits))
        seen = np.take_along_axis(answers, labels, axis=1).sum()
        thought_of = np.take_along_axis(answers, first_two, axis=1).mean()
        return float(-seen - thought_of)

    found = minimize_scalar(surprise, bounds=np.log(_TEMPERATURES), method="bounded")
    return float(np.exp(found.x))


def calibrate(
    classifier: Classifier, pixels: PixelStore, batch_size: int, augmentation: TestTimeAugmentation
) -> float:
    """Divides the model's logits by the temperature that suits images it has not learnt from.

    The temperature becomes part of the last layer's weights, so that whatever runs the model has it.

    Args:
        classifier: changed in place.
        pixels: of the eval split, of the model's size; at least one.
        batch_size: images at a time.
        augmentation: views that answers are the mean over.

    Returns:
        The temperature.
    """
    model, count = classifier.model, len(pixels.labels)
    views = len(views_of(tf.zeros((1, 8, 8, 3)), augmentation))
    most = max(1, min(_MOST_IMAGES, _MOST_PROBABILITIES // (views * model.output_shape[-1])))
    chosen = np.linspace(0, count - 1, min(count, most)).round().astype(np.int64)
    by_batch = []
    for part in np.array_split(chosen, steps_an_epoch(len(chosen), batch_size)):
        images = tf.constant(pixels.read(part), tf.float32)
        by_batch.append(np.stack([model.predict_on_batch(view) for view in views_of(images, augmentation)]))
    answers = np.maximum(np.concatenate(by_batch, axis=1), np.finfo(np.float32).tiny)
    temperature = temperature_of(np.log(answers), pixels.labels[chosen])
    logits = classifier.head.get_layer(LOGITS)
    logits.set_weights([weights / temperature for weights in logits.get_weights()])
    return temperature
