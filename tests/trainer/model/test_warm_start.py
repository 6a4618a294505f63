from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from components.contract import ConfigError
from trainer.model.classifier import Classifier, build_classifier
from trainer.model.scaling import IMAGENET_MEAN, IMAGENET_STD
from trainer.model.settings import ModelSettings
from trainer.model.warm_start import Source, copy_matching, load_source, start_from

SETTINGS = {"backbone": "small_cnn", "image_size": 16, "weights": "none", "head": {"hidden": [8]}}
PIXELS = np.random.default_rng(0).integers(0, 256, (4, 16, 16, 3)).astype(np.float32)


def _classifier(classes: int, **changes: Any) -> Classifier:
    return build_classifier(ModelSettings.model_validate({**SETTINGS, **changes}), classes)


def _logits(classifier: Classifier) -> list[np.ndarray]:
    return classifier.head.get_layer("logits").get_weights()


def test_the_same_classifier_is_taken_over_whole(tmp_path: Path) -> None:
    source, target = _classifier(3), _classifier(3)
    source.model.save(tmp_path / "model.keras")
    assert copy_matching(load_source(tmp_path / "model.keras"), target, "abc", "abc") == ()
    np.testing.assert_allclose(target.model(PIXELS), source.model(PIXELS), rtol=1e-6)


def test_an_added_class_keeps_its_fresh_column_and_the_others_come_by_name() -> None:
    source, target = _classifier(3), _classifier(4)
    source.head.get_layer("logits").set_weights([np.random.rand(8, 3), np.random.rand(3)])
    fresh = _logits(target)
    kept = copy_matching(source.model, target, ("ant", "bee", "cat"), ("cat", "ape", "ant", "bee"))
    assert kept == ("head/logits",)
    for old, new, merged in zip(_logits(source), fresh, _logits(target), strict=True):
        expected = np.stack([old[..., 2], new[..., 1], old[..., 0], old[..., 1]], axis=-1)
        np.testing.assert_array_equal(merged, expected)
    np.testing.assert_array_equal(
        target.head.get_layer("hidden_1").kernel, source.head.get_layer("hidden_1").kernel
    )
    for ours, theirs in zip(target.backbones[0].weights, source.backbones[0].weights, strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_layers_of_another_shape_stay_fresh() -> None:
    source, target = _classifier(3), _classifier(3, head={"hidden": [9]})
    fresh = _logits(target)[0]
    kept = copy_matching(source.model, target, "abc", "abc")
    assert set(kept) == {"head/hidden_1", "head/logits"}
    np.testing.assert_array_equal(_logits(target)[0], fresh)


def test_a_class_that_is_gone_takes_its_column_with_it() -> None:
    source, target = _classifier(3), _classifier(2)
    assert copy_matching(source.model, target, "abc", "cb") == ()
    np.testing.assert_array_equal(_logits(target)[0], _logits(source)[0][:, [2, 1]])


def test_labels_have_to_be_the_sources_own() -> None:
    with pytest.raises(ConfigError, match="has 3 outputs, but 2 labels"):
        copy_matching(_classifier(3).model, _classifier(2), "ab", "ab")


def test_another_network_has_nothing_to_take_over() -> None:
    other = _classifier(3, backbone="lenet", head={})
    with pytest.raises(ConfigError, match="no layer in common with small_cnn"):
        copy_matching(other.model, _classifier(3), "abc", "abc")


def test_a_file_that_is_no_model(tmp_path: Path) -> None:
    (tmp_path / "model.keras").write_bytes(b"no model")
    with pytest.raises(ConfigError, match=r"model\.keras cannot be taken over: .*Give the model\.keras"):
        load_source(tmp_path / "model.keras")


def test_code_in_a_model_is_not_run_and_nobody_is_told_to_run_it(tmp_path: Path) -> None:
    ran = tmp_path / "ran"
    made = str(ran)
    code = keras.layers.Lambda(lambda pixels: __import__("os").mkdir(made) or pixels, output_shape=(4,))
    keras.Sequential([keras.Input((4,)), code]).save(tmp_path / "model.keras")
    with pytest.raises(
        ConfigError, match=r"whose `function` is a Python lambda.*Give the model\.keras"
    ) as caught:
        load_source(tmp_path / "model.keras")
    assert "safe_mode=False" not in str(caught.value)
    assert not ran.exists()


def test_a_backbone_that_was_taken_over_counts_as_pretrained() -> None:
    source = Source(_classifier(3).model, ("a", "b", "c"))
    target = _classifier(4)
    started, kept = start_from(source, target, ("a", "b", "c", "d"))
    assert (target.pretrained_backbones, started.pretrained_backbones) == ((False,), (True,))
    assert kept == ("head/logits",)
    np.testing.assert_array_equal(started.model.get_weights()[0], source.model.get_weights()[0])


def test_a_backbone_that_is_new_starts_from_nothing() -> None:
    source = Source(_classifier(3).model, ("a", "b", "c"))
    fused = _classifier(3, fused_with=[{"backbone": "cifar_cnn", "image_size": 16, "weights": "none"}])
    assert start_from(source, fused, ("a", "b", "c"))[0].pretrained_backbones == (True, False)


def _efficientnet(weights: Path | None, monkeypatch: pytest.MonkeyPatch) -> Classifier:
    """One whose backbone ends after the layers that scale pixels."""

    def start(**_: object) -> keras.Model:
        inputs = keras.Input((32, 32, 3))
        return keras.Model(inputs, keras.layers.Normalization()(keras.layers.Rescaling(1 / 255)(inputs)))

    monkeypatch.setattr(keras.applications, "EfficientNetB0", start)
    settings = {"backbone": "efficientnet_b0", "weights": str(weights or "none"), "image_size": 32}
    return build_classifier(ModelSettings.model_validate(settings), 2)


def _with_statistics(classifier: Classifier, mean: Sequence[float], variance: Sequence[float]) -> Classifier:
    constants = classifier.backbones[0].layers[-1]
    constants.set_weights([np.array(each) for each in (mean, variance, 0)])
    constants.finalize_state()
    return classifier


def test_statistics_that_were_taken_over_are_computed_with(monkeypatch: pytest.MonkeyPatch) -> None:
    source = _with_statistics(_efficientnet(None, monkeypatch), (0.1, 0.2, 0.3), (4.0, 5.0, 6.0))
    target, kept = start_from(Source(source.model, ("a", "b")), _efficientnet(None, monkeypatch), "ab")
    assert kept == ()
    pixels = np.random.default_rng(0).integers(0, 256, (4, 32, 32, 3)).astype(np.float32)
    np.testing.assert_allclose(target.model(pixels), source.model(pixels), rtol=1e-6)


def test_a_backbone_for_which_pixels_are_scaled_in_another_way_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "w.weights.h5"
    imagenet = _with_statistics(_efficientnet(None, monkeypatch), IMAGENET_MEAN, IMAGENET_STD)
    imagenet.backbones[0].save_weights(file)
    source = Source(_efficientnet(file, monkeypatch).model, ("a", "b"))
    assert start_from(source, _efficientnet(file, monkeypatch), "ab")[1] == ()
    with pytest.raises(ConfigError, match="scales pixels for efficientnet_b0 in another way"):
        start_from(source, _efficientnet(None, monkeypatch), "ab")
