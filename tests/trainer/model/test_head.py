from __future__ import annotations

from pathlib import Path
from typing import Any, get_args

import keras
import numpy as np
import pytest

from trainer.model.attention import ConvolutionalBlockAttention, SqueezeExcitation
from trainer.model.head import build_head, pool_all, pools_in_extractor
from trainer.model.settings import Attention, HeadSettings, Normalization, Pooling

MAPS = [
    np.random.default_rng(0).normal(size=(4, 3, 3, 8)).astype(np.float32),
    np.random.default_rng(1).normal(size=(4, 2, 2, 4)).astype(np.float32),
]


def _head(settings: HeadSettings) -> tuple[keras.Model, Any]:
    """A head on two feature maps, and what it takes in for MAPS."""
    inputs = [keras.Input(each.shape[1:]) for each in MAPS]
    names = ["one", "two"]
    if pools_in_extractor(settings):
        pooled = pool_all(inputs, names, settings)
        return build_head(pooled, names, settings, 3), np.asarray(keras.Model(inputs, pooled)(MAPS))
    return build_head(inputs, names, settings, 3), MAPS


def _settings(**values: Any) -> HeadSettings:
    return HeadSettings.model_validate(values)


@pytest.mark.parametrize("attention", get_args(Attention))
@pytest.mark.parametrize("pooling", get_args(Pooling))
def test_every_head_learns_and_can_be_saved(pooling: str, attention: str, tmp_path: Path) -> None:
    head, features = _head(_settings(pooling=pooling, attention=attention))
    head.compile("sgd", "categorical_crossentropy", run_eagerly=True)
    before = {layer.name: layer.get_weights() for layer in head.layers if layer.weights}
    assert np.isfinite(head.train_on_batch(features, np.eye(3, dtype=np.float32)[[0, 1, 2, 0]]))
    for name, old in before.items():
        new = head.get_layer(name).get_weights()
        assert any(np.any(one != other) for one, other in zip(old, new, strict=True)), name
    head.save(tmp_path / "head.keras")
    again = keras.saving.load_model(tmp_path / "head.keras", compile=False)
    np.testing.assert_allclose(again(features), head(features), rtol=1e-6)
    np.testing.assert_allclose(np.sum(again(features), axis=1), 1, rtol=1e-5)


@pytest.mark.parametrize(
    ("settings", "name", "kind"),
    [
        ({"attention": "se"}, "two_se", SqueezeExcitation),
        ({"attention": "cbam"}, "two_cbam", ConvolutionalBlockAttention),
        ({"normalization": "batch"}, "normalization", keras.layers.BatchNormalization),
        ({"normalization": "group"}, "normalization", keras.layers.GroupNormalization),
    ],
)
def test_a_layer_is_what_the_settings_name(settings: dict[str, str], name: str, kind: type) -> None:
    head, _ = _head(_settings(**settings))
    assert type(head.get_layer(name)) is kind


@pytest.mark.parametrize("normalization", get_args(Normalization))
def test_layers_come_in_order(normalization: str) -> None:
    head, features = _head(_settings(hidden=[6, 5], normalization=normalization))
    names = [layer.name for layer in head.layers]
    expected = [
        "features",
        *(["normalization"] if normalization != "none" else []),
        "dropout_1",
        "hidden_1",
        "dropout_2",
        "hidden_2",
        "dropout",
        "logits",
        "probabilities",
    ]
    assert names == expected
    assert [head.get_layer(name).units for name in ("hidden_1", "hidden_2", "logits")] == [6, 5, 3]
    assert np.asarray(head(features)).shape == (4, 3)
    assert np.asarray(keras.Model(head.input, head.get_layer("hidden_1").output)(features)).min() == 0


def test_group_normalisation_finds_groups_of_equal_size() -> None:
    head, _ = _head(_settings(normalization="group"))
    assert head.get_layer("normalization").groups == 4  # 12 features


def test_l2_is_on_the_kernels_of_all_dense_layers() -> None:
    head, features = _head(_settings(hidden=[6], l2=0.01))
    head(features)
    squares = sum(float(np.square(head.get_layer(name).kernel).sum()) for name in ("hidden_1", "logits"))
    assert float(sum(head.losses)) == pytest.approx(0.01 * squares, rel=1e-5)
    assert not _head(_settings(hidden=[6]))[0].losses


def test_dropout_is_as_set() -> None:
    head, _ = _head(_settings(hidden=[6], dropout=0.4))
    assert [head.get_layer(name).rate for name in ("dropout_1", "dropout")] == [0.4, 0.4]
