from __future__ import annotations

from pathlib import Path

import keras
import numpy as np
import pytest
from pydantic import ValidationError

from components.contract import ConfigError, UnreachableError
from trainer.model.backbones import _with_steady_names, build_backbone
from trainer.model.catalog import BACKBONES, BackboneSpec
from trainer.model.classifier import build_classifier
from trainer.model.scaling import IMAGENET_MEAN, IMAGENET_STD
from trainer.model.settings import BackboneSettings, ModelSettings
from trainer.model.trainable import Trainable

QUICK = ("mobilenet", "mobilenet_v3_small", "lenet", "small_cnn", "cifar_cnn")


def _settings(spec: BackboneSpec) -> ModelSettings:
    values = {"backbone": spec.name, "weights": "none", "image_size": spec.smallest}
    return ModelSettings.model_validate({**values, **({"alpha": 0.25} if spec.has_alpha else {})})


@pytest.mark.parametrize(
    "name", [name if name in QUICK else pytest.param(name, marks=pytest.mark.zoo) for name in BACKBONES]
)
def test_every_backbone_learns(name: str) -> None:
    spec = BACKBONES[name]
    classifier = build_classifier(_settings(spec), 3)
    classifier.set_trainable(Trainable("all"))
    network = classifier.backbones[0]
    assert network.name == name
    assert len(network.output_shape) == (2 if spec.ends_dense else 4)
    # Their statistics could not be kept.
    nested = [layer for layer in network.layers if isinstance(layer, keras.Model)]
    assert not any(
        isinstance(inner, keras.layers.BatchNormalization) for each in nested for inner in each.layers
    )
    pixels = (
        np.random.default_rng(0).integers(0, 256, (4, spec.smallest, spec.smallest, 3)).astype(np.float32)
    )
    before = network.trainable_weights[0].numpy()
    # Deep networks that start from nothing leap far on so few small images.
    classifier.model.compile(keras.optimizers.SGD(1e-4), "categorical_crossentropy", run_eagerly=True)
    labels = np.eye(3, dtype=np.float32)[[0, 1, 2, 0]]
    assert np.isfinite(classifier.model.train_on_batch(pixels, labels))
    assert np.any(network.trainable_weights[0].numpy() != before)


def test_layer_names_do_not_depend_on_what_was_built_before() -> None:
    settings = BackboneSettings(backbone="xception", weights="none", image_size=71)
    first, second = (build_backbone(settings, 71, "xception").network for _ in range(2))
    names = [layer.name for layer in first.layers]
    assert names == [layer.name for layer in second.layers]
    assert {"conv2d", "conv2d_3", "add_11", "block14_sepconv2_act"} <= set(names)
    assert not {"conv2d_4", "add_12"} & set(names)
    assert [weight.path for weight in first.weights] == [weight.path for weight in second.weights]


def test_renaming_layers_changes_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    made = []
    original = keras.applications.MobileNetV3Small

    def kept(**arguments: object) -> keras.Model:
        # Another network first, so that Keras' numbers are not the ones wanted.
        original(**arguments)
        made.append(original(**arguments))
        return made[-1]

    monkeypatch.setattr(keras.applications, "MobileNetV3Small", kept)
    settings = BackboneSettings(backbone="mobilenet_v3_small", alpha=0.25, weights="none", image_size=32)
    network = build_backbone(settings, 32, "mobilenet_v3_small").network
    pixels = np.random.default_rng(0).integers(0, 256, (2, 32, 32, 3)).astype(np.float32)
    assert made[0].get_layer(index=4).name != network.get_layer(index=4).name == "activation"
    np.testing.assert_allclose(network(pixels), made[0](pixels), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    ("name", "rescales"), [("efficientnet_v2_b0", 1 / 255), ("efficientnet_v2_s", 1 / 128)]
)
@pytest.mark.zoo
def test_efficientnet_v2_keeps_the_scaling_that_keras_chooses_by_its_name(name: str, rescales: float) -> None:
    settings = BackboneSettings(backbone=name, weights="none", image_size=32)
    network = build_backbone(settings, 32, "other").network
    assert network.get_layer("rescaling").scale == pytest.approx(rescales)


def _start_of_efficientnet(**_: object) -> keras.Model:
    inputs = keras.Input((32, 32, 3))
    return keras.Model(inputs, keras.layers.Normalization()(keras.layers.Rescaling(1 / 255)(inputs)))


def test_efficientnet_from_an_imagenet_file_gets_the_scaling_that_keras_gives_downloads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keras.applications, "EfficientNetB0", _start_of_efficientnet)
    settings = BackboneSettings(
        backbone="efficientnet_b0", weights=str(tmp_path / "w.weights.h5"), image_size=32
    )
    network = _start_of_efficientnet()
    network.save_weights(settings.weights)
    assert build_backbone(settings, 32, "efficientnet_b0").scaling is None
    constants = network.layers[-1]
    shapes = [weight.shape for weight in constants.get_weights()]
    values = [IMAGENET_MEAN, IMAGENET_STD, 0]
    constants.set_weights([np.reshape(value, shape) for value, shape in zip(values, shapes, strict=True)])
    network.save_weights(settings.weights)
    backbone = build_backbone(settings, 32, "efficientnet_b0")
    assert backbone.scaling is not None
    seen = np.asarray(backbone.network(backbone.scaling(np.zeros((1, 32, 32, 3), np.float32))))
    np.testing.assert_allclose(seen[0, 0, 0], -np.divide(IMAGENET_MEAN, IMAGENET_STD), rtol=1e-3)


def test_a_renamed_network_computes_with_the_statistics_that_it_has() -> None:
    networks = [_start_of_efficientnet() for _ in range(2)]
    for network in networks:
        network.layers[-1].set_weights([np.array(each) for each in (IMAGENET_MEAN, IMAGENET_STD, 0)])
        network.layers[-1].finalize_state()
    zeros = np.zeros((1, 32, 32, 3), np.float32)
    for network in networks:
        renamed = _with_steady_names(network, "efficientnet_b0")
        np.testing.assert_array_equal(renamed(zeros), network(zeros))


def test_images_that_are_too_small_are_refused() -> None:
    settings = BackboneSettings(backbone="xception", weights="none")
    with pytest.raises(ConfigError, match=r"images of 70 pixels are too small for xception; .* is 71"):
        build_backbone(settings, 70, "xception")


def test_weights_that_cannot_be_downloaded_now_may_be_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("keras.src.backend.config.keras_home", lambda: str(tmp_path))
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")
    settings = BackboneSettings(backbone="mobilenet", alpha=0.25, image_size=224)
    with pytest.raises(
        UnreachableError, match=r"^model\.weights: the ImageNet weights of mobilenet cannot be"
    ):
        build_backbone(settings, 224, "mobilenet")


def test_a_download_that_cannot_be_loaded_is_told_in_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    def damaged(**_: object) -> keras.Model:
        raise ValueError("Incomplete or corrupted file: None\nmore")

    monkeypatch.setattr(keras.applications, "MobileNet", damaged)
    with pytest.raises(
        ConfigError, match=r"ImageNet weights of mobilenet cannot .*: None; set model.weights to"
    ):
        build_backbone(BackboneSettings(), 32, "mobilenet")


@pytest.mark.parametrize("name", [name for name, spec in BACKBONES.items() if spec.has_alpha])
def test_the_narrowest_network_that_can_be_set_can_be_built(name: str) -> None:
    narrowest = 0.03125
    settings = BackboneSettings(backbone=name, alpha=narrowest, weights="none", image_size=32)
    assert build_backbone(settings, 32, name).network.count_params() > 0
    with pytest.raises(ValidationError, match="greater than or equal to 0.03125"):
        BackboneSettings(backbone=name, alpha=narrowest / 2, weights="none")
