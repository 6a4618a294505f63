"""Probabilities that are as sure as they are right."""

from __future__ import annotations

import numpy as np
import pytest

from tests.trainer.training_run.small_fit import SIZE, build
from trainer import calibration
from trainer.calibration import calibrate, temperature_of
from trainer.images.pixel_store import PixelStore
from trainer.model.classifier import Classifier


def _log_softmax(logits: np.ndarray) -> np.ndarray:
    return logits - np.log(np.exp(logits).sum(-1, keepdims=True))


def _labels_of(logits: np.ndarray) -> np.ndarray:
    """Drawn with the probabilities that the logits mean."""
    noise = np.random.default_rng(1).gumbel(size=logits.shape)
    return (logits + noise).argmax(-1)


@pytest.mark.parametrize("temperature", [0.5, 1.0, 3.0])
@pytest.mark.parametrize("classes", [2, 200])
def test_the_temperature_of_the_labels_is_found(temperature: float, classes: int) -> None:
    logits = 2 * np.random.default_rng(0).normal(size=(4000, classes))
    told = _log_softmax(temperature * logits)
    assert temperature_of(told[None], _labels_of(logits)) == pytest.approx(temperature, rel=0.06)


def test_views_are_averaged_before_they_are_compared_with_labels() -> None:
    """Two views, each sure of the opposite, make an answer that is not; each alone is wrong half the time."""
    sure = _log_softmax(np.array([[4.0, 0.0]] * 100))
    views = np.stack([sure, sure[:, ::-1]])
    labels = np.arange(100) % 2
    alone = temperature_of(sure[None], labels)
    assert alone == pytest.approx(20, rel=0.01)
    assert temperature_of(views, labels) < alone


def test_few_images_without_a_mistake_do_not_ask_for_certainty() -> None:
    for images in (9, 360):
        told = _log_softmax(np.array([[3.0, 0.0, -9.0]] * images))
        temperature = temperature_of(told[None], np.zeros(images, int))
        right, _, third = np.exp(_log_softmax(told[0] / temperature))
        assert third < 1e-5
        # All of them, and a half of the one that is thought of.
        assert right == pytest.approx((images + 0.5) / (images + 1), abs=1e-3)


def _mostly_right() -> tuple[Classifier, PixelStore]:
    """A network, and images of which every fifth has another label than it answers."""
    classifier = build(0)
    pixels = np.random.default_rng(0).integers(0, 255, (40, SIZE, SIZE, 3)).astype(np.uint8)
    answers = classifier.model.predict_on_batch(pixels.astype(np.float32)).argmax(1)
    return classifier, PixelStore(pixels, (answers + (np.arange(40) % 5 == 0)) % 2)


def test_the_model_itself_becomes_calibrated_and_answers_the_same() -> None:
    classifier, store = _mostly_right()
    pixels = store.read(np.arange(40)).astype(np.float32)
    before = np.log(classifier.model.predict_on_batch(pixels))
    temperature = calibrate(classifier, store, 16, "none")
    assert temperature == pytest.approx(temperature_of(before[None], store.labels), rel=1e-3)
    after = np.log(classifier.model.predict_on_batch(pixels))
    np.testing.assert_allclose(after, _log_softmax(before / temperature), atol=1e-4)
    assert abs(np.log(temperature)) > 0.1
    assert calibrate(classifier, store, 40, "none") == pytest.approx(1, abs=0.01)


def test_with_views_their_mean_is_calibrated() -> None:
    classifier, store = _mostly_right()
    pixels = store.read(np.arange(40)).astype(np.float32)
    views = [classifier.model.predict_on_batch(view) for view in (pixels, pixels[:, :, ::-1])]
    temperature = calibrate(classifier, store, 16, "flip")
    assert temperature == pytest.approx(temperature_of(np.log(views), store.labels), rel=1e-3)
    assert temperature != pytest.approx(temperature_of(np.log(views[:1]), store.labels), rel=1e-3)


def test_where_there_are_very_many_images_some_are_asked_for_their_own_labels(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    classifier, store = _mostly_right()
    some = np.arange(0, 40, 3)
    answers = np.log(classifier.model.predict_on_batch(store.read(some).astype(np.float32)))
    monkeypatch.setattr(calibration, "_MOST_IMAGES", len(some))
    temperature = calibrate(classifier, store, 16, "none")
    assert temperature == pytest.approx(temperature_of(answers[None], store.labels[some]), rel=1e-3)
