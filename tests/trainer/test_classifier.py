from __future__ import annotations

from pathlib import Path

import keras
import numpy as np
import pytest

from components.contract import ConfigError
from trainer.backbones import BACKBONES
from trainer.classifier import build_classifier
from trainer.phases import Trainable
from trainer.settings import ModelSettings


def _settings(backbone: str, **changes: object) -> ModelSettings:
    values = {"backbone": backbone, "alpha": 0.25, "image_size": 32, "weights": "none", **changes}
    return ModelSettings.model_validate(values)


@pytest.mark.parametrize("backbone", BACKBONES)
def test_the_halves_make_up_the_whole(backbone: str) -> None:
    classifier = build_classifier(_settings(backbone), classes=4)
    pixels = np.random.default_rng(0).integers(0, 256, (3, 32, 32, 3)).astype(np.float32)
    probabilities = classifier.model(pixels, training=False).numpy()
    assert probabilities.shape == (3, 4)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-5)
    in_two_steps = classifier.head(classifier.extractor(pixels, training=False), training=False)
    np.testing.assert_allclose(in_two_steps, probabilities, rtol=1e-5)


@pytest.mark.parametrize("backbone", BACKBONES)
def test_trainable_parts(backbone: str) -> None:
    classifier = build_classifier(_settings(backbone), classes=4)

    def learning() -> int:
        return len(classifier.backbone.trainable_weights)

    classifier.set_trainable(Trainable(None))
    everything = learning()
    classifier.set_trainable(Trainable(3))
    assert all(not layer.trainable for layer in classifier.backbone.layers[:-3])
    assert any(layer.trainable for layer in classifier.backbone.layers[-3:])
    some = learning()
    classifier.set_trainable(Trainable(0))
    assert learning() == 0
    assert 0 < some < everything
    assert len(classifier.model.trainable_weights) == 2  # the head's


def test_weights_from_a_file(tmp_path: Path) -> None:
    network = keras.applications.MobileNet((32, 32, 3), alpha=0.25, include_top=False, weights=None)
    path = tmp_path / "mobilenet.weights.h5"
    network.save_weights(path)
    classifier = build_classifier(_settings("mobilenet", weights=str(path)), classes=2)
    for ours, theirs in zip(classifier.backbone.weights, network.weights, strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_pretrained_batch_normalisation_stays_in_inference_mode(tmp_path: Path) -> None:
    network = keras.applications.MobileNet((32, 32, 3), alpha=0.25, include_top=False, weights=None)
    network.save_weights(tmp_path / "mobilenet.weights.h5")
    settings = _settings("mobilenet", weights=str(tmp_path / "mobilenet.weights.h5"), dropout=0.0)
    pixels = np.random.default_rng(0).integers(0, 256, (8, 32, 32, 3)).astype(np.float32)
    for tested, same in ((settings, True), (_settings("mobilenet", dropout=0.0), False)):
        classifier = build_classifier(tested, classes=2)
        classifier.set_trainable(Trainable(None))
        model = classifier.model
        inference = model(pixels, training=False).numpy()
        assert np.allclose(model(pixels, training=True), inference, atol=1e-6) == same


def test_weights_that_do_not_fit(tmp_path: Path) -> None:
    other = keras.applications.MobileNet((32, 32, 3), alpha=0.5, include_top=False, weights=None)
    other.save_weights(tmp_path / "other.weights.h5")
    with pytest.raises(ConfigError, match=r"cannot be loaded into mobilenet with model.alpha=0.25"):
        build_classifier(_settings("mobilenet", weights=str(tmp_path / "other.weights.h5")), classes=2)


def test_imagenet_weights_that_nobody_has() -> None:
    with pytest.raises(ConfigError, match="no ImageNet weights for small_cnn"):
        build_classifier(_settings("small_cnn", weights="imagenet"), classes=2)
