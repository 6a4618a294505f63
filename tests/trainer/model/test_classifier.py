from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from components.contract import ConfigError
from trainer.model.classifier import Classifier, build_classifier
from trainer.model.settings import ModelSettings
from trainer.model.trainable import parse_trainable

MOBILENET = {"backbone": "mobilenet", "alpha": 0.25, "image_size": 32, "weights": "none"}
LENET = {"backbone": "lenet", "image_size": 16, "weights": "none"}


def _classifier(size: int | None = None, **changes: Any) -> Classifier:
    return build_classifier(ModelSettings.model_validate({**MOBILENET, **changes}), 3, size)


def _pixels(count: int = 4, size: int = 32) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (count, size, size, 3)).astype(np.float32)


@pytest.fixture(scope="module")
def plain() -> Classifier:
    return _classifier()


@pytest.fixture(scope="module")
def fused() -> Classifier:
    return _classifier(fused_with=[{**MOBILENET, "image_size": 48}, LENET])


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Some weights of the MobileNet."""
    path = tmp_path_factory.mktemp("weights") / "w.weights.h5"
    _classifier().backbones[0].save_weights(path)
    return str(path)


@pytest.mark.parametrize("head", [{}, {"attention": "cbam"}, {"pooling": "avg+max+flatten"}])
def test_the_halves_make_up_the_whole(head: dict[str, str]) -> None:
    classifier = _classifier(head=head)
    whole = np.asarray(classifier.model(_pixels()))
    assert whole.shape == (4, 3)
    features = classifier.extractor(_pixels())
    assert len(features.shape) == (4 if "attention" in head else 2)
    np.testing.assert_allclose(classifier.head(features), whole, rtol=1e-5)


def test_fused_features_lie_side_by_side_each_at_its_own_size(fused: Classifier) -> None:
    assert fused.model.input_shape == (None, 48, 48, 3)
    assert [network.name for network in fused.backbones] == ["mobilenet", "mobilenet_2", "lenet"]
    assert [network.input_shape[1] for network in fused.backbones] == [32, 48, 16]
    features = np.asarray(fused.extractor(_pixels(size=48)))
    assert features.shape == (4, 256 + 256 + 500)
    resized = keras.ops.image.resize(_pixels(size=48), (16, 16), antialias=True)
    alone = fused.backbones[2](resized / 127.5 - 1)
    np.testing.assert_allclose(features[:, 512:], alone, rtol=1e-3, atol=1e-4)


def test_fused_classifiers_can_be_saved(fused: Classifier, tmp_path: Path) -> None:
    fused.model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras", compile=False)
    pixels = _pixels(size=48)
    answers = np.asarray(fused.model(pixels, training=False))
    np.testing.assert_allclose(again(pixels, training=False), answers, rtol=1e-5)
    # Whoever calls a model without a word about training means its answers.
    np.testing.assert_allclose(fused.model(pixels), answers, rtol=1e-5)
    np.testing.assert_allclose(again(pixels), answers, rtol=1e-5)


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("head", None),
        ("last 2 layers", "conv_pw_13_bn"),
        ("from layer conv_dw_13", "conv_dw_13"),
        ("from block conv_pw_13", "conv_pw_13"),
        ("all", "input_layer"),
    ],
)
def test_the_backbone_learns_from_the_layer_that_is_meant(
    text: str, first: str | None, plain: Classifier
) -> None:
    classifier = plain
    classifier.set_trainable(parse_trainable("all"))
    classifier.set_trainable(parse_trainable(text))
    layers = classifier.backbones[0].layers
    learning = [layer.name for layer in layers if layer.trainable]
    names = [layer.name for layer in layers]
    assert learning == ([] if first is None else names[names.index(first) :])
    assert len(classifier.head.trainable_weights) == 2


def test_of_several_backbones_those_without_the_block_are_frozen(fused: Classifier) -> None:
    fused.set_trainable(parse_trainable("from block block2"))
    learning = [[layer.name for layer in network.layers if layer.trainable] for network in fused.backbones]
    assert learning == [[], [], ["block2_conv", "block2_pool", "flatten", "dense"]]
    fused.set_trainable(parse_trainable("last 1 layer"))
    assert [sum(layer.trainable for layer in network.layers) for network in fused.backbones] == [1, 1, 1]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "from layer conv_dw_14",
            r"no layer named 'conv_dw_14' in mobilenet; did you mean 'conv_dw_",
        ),
        ("from block block_9", "no layer whose name begins with 'block_9' in mobilenet; did you mean"),
    ],
)
def test_a_layer_that_is_not_there_is_refused(text: str, message: str, plain: Classifier) -> None:
    with pytest.raises(ConfigError, match=message):
        plain.set_trainable(parse_trainable(text))


def test_pretrained_batch_normalisation_stays_in_inference_mode(weights: str) -> None:
    for start, same in ((weights, True), ("none", False)):
        classifier = _classifier(weights=start, head={"dropout": 0.0})
        assert classifier.pretrained == same
        classifier.set_trainable(parse_trainable("all"))
        inference = np.asarray(classifier.model(_pixels(), training=False))
        learning = np.asarray(classifier.model(_pixels(), training=True))
        assert np.allclose(learning, inference, atol=1e-6) == same


def test_of_fused_backbones_only_the_pretrained_ones_keep_their_statistics(weights: str) -> None:
    classifier = _classifier(weights=weights, fused_with=[MOBILENET])
    assert classifier.pretrained_backbones == (True, False)
    classifier.set_trainable(parse_trainable("all"))
    trainable = [network.get_layer("conv1_bn").trainable for network in classifier.backbones]
    assert trainable == [False, True]


def test_weights_go_on_at_another_size() -> None:
    head = {"attention": "se", "pooling": "avg+max"}
    small, large = (_classifier(size, head=head) for size in (32, 64))
    assert large.model.input_shape == (None, 64, 64, 3)
    large.model.set_weights(small.model.get_weights())
    for ours, theirs in zip(large.head.get_weights(), small.head.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_all_sizes_change_in_the_same_proportion() -> None:
    classifier = _classifier(96, fused_with=[{**MOBILENET, "image_size": 64}])
    assert [network.input_shape[1] for network in classifier.backbones] == [48, 96]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"head": {"pooling": "avg+max+flatten"}}, r"model.head.pooling is 'avg\+max\+flatten'"),
        (LENET | {"alpha": None}, "lenet ends in a dense layer"),
    ],
)
def test_weights_that_depend_on_the_size_cannot_go_on_at_another(
    changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(ConfigError, match=f"With images of 64 pixels, the model would have other.*{message}"):
        _classifier(64, **changes)
    size = ModelSettings.model_validate({**MOBILENET, **changes}).input_size
    assert _classifier(size, **changes).model.input_shape[1] == size


def test_another_size_may_be_too_small() -> None:
    with pytest.raises(ConfigError, match="mobilenet would then see images of 24 pixels; .* is 32"):
        _classifier(24)


@pytest.mark.parametrize("head", [{"pooling": "bilinear"}, {"attention": "cbam", "normalization": "group"}])
def test_probabilities_are_float32_in_mixed_precision(head: dict[str, str]) -> None:
    keras.mixed_precision.set_global_policy("mixed_float16")
    try:
        classifier = _classifier(fused_with=[{**MOBILENET, "image_size": 40}], head=head)
        probabilities = classifier.model(_pixels(size=40))
        in_two_steps = classifier.head(classifier.extractor(_pixels(size=40)))
    finally:
        keras.mixed_precision.set_global_policy("float32")
    assert probabilities.dtype == "float32"
    np.testing.assert_allclose(np.sum(probabilities, axis=1), 1, rtol=1e-5)
    np.testing.assert_allclose(in_two_steps, probabilities, rtol=1e-2)
    assert classifier.backbones[0].get_layer("conv1").compute_dtype == "float16"
