from __future__ import annotations

import hashlib
import os
import pickle
import shutil
from pathlib import Path

import keras
import numpy as np
import pytest

from components.contract import ConfigError
from trainer.model.backbones import build_backbone
from trainer.model.classifier import build_classifier
from trainer.model.settings import BackboneSettings, ModelSettings

REAL = os.environ.get("IMGCLF_TEST_WEIGHTS")


def _settings(path: Path | str, **changes: object) -> BackboneSettings:
    values = {"alpha": 0.25, "image_size": 32, "weights": str(path), **changes}
    return BackboneSettings.model_validate(values)


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _load(settings: BackboneSettings) -> keras.Model:
    return build_backbone(settings, settings.pixels, settings.backbone).network


@pytest.fixture(scope="module")
def network() -> keras.Model:
    return keras.applications.MobileNet((32, 32, 3), alpha=0.25, include_top=False, weights=None)


@pytest.fixture
def file(network: keras.Model, tmp_path: Path) -> Path:
    network.save_weights(tmp_path / "w.weights.h5")
    return tmp_path / "w.weights.h5"


def _assert_same_weights(one: keras.Model, other: keras.Model) -> None:
    for ours, theirs in zip(one.weights, other.weights, strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_both_of_keras_layouts_are_read(network: keras.Model, file: Path, tmp_path: Path) -> None:
    _assert_same_weights(_load(_settings(file)), network)
    network.save(tmp_path / "legacy.h5")
    _assert_same_weights(_load(_settings(tmp_path / "legacy.h5")), network)


def test_a_uri_is_copied_and_checked(network: keras.Model, file: Path) -> None:
    uri = f"file://{file}"
    _assert_same_weights(_load(_settings(uri, weights_sha256=_sha256(file))), network)
    with pytest.raises(ConfigError, match=rf"its SHA-256 is {_sha256(file)}, model.weights_sha256 says 0000"):
        _load(_settings(uri, weights_sha256="0" * 64))


@pytest.mark.parametrize("uri", ["file:///nowhere/w.h5", "nobody://nowhere/w.h5"])
def test_a_uri_that_cannot_be_read(uri: str) -> None:
    with pytest.raises(ConfigError, match=rf"model.weights: {uri} cannot be read"):
        _load(_settings(uri, weights_sha256="0" * 64))


def test_a_file_that_changed_is_refused(file: Path) -> None:
    with pytest.raises(ConfigError, match="not the file it should be"):
        _load(_settings(file, weights_sha256="1" * 64))


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"w\.h5 cannot be read: No such file or directory"):
        _load(_settings(tmp_path / "w.h5"))


class _Trap:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, ("sprung",)


def test_nothing_but_hdf5_is_read(
    network: keras.Model, file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pickle.h5").write_bytes(pickle.dumps(_Trap()))
    (tmp_path / "pickle.pt").write_bytes(pickle.dumps(_Trap()))
    network.save(tmp_path / "whole.keras")
    shutil.copy(tmp_path / "whole.keras", tmp_path / "zip.h5")
    shutil.copy(file, tmp_path / "hdf5.bin")
    (tmp_path / "short.h5").write_bytes(b"\x89HDF")
    for name in ("pickle.h5", "pickle.pt", "whole.keras", "zip.h5", "hdf5.bin", "short.h5"):
        with pytest.raises(ConfigError, match=rf"{name} is not an HDF5 file whose name ends in .h5"):
            _load(_settings(tmp_path / name, backbone="lenet", alpha=None))
    assert not (tmp_path / "sprung").exists()


@pytest.mark.parametrize("layout", ["w.weights.h5", "legacy.h5"])
def test_weights_of_another_width_are_named_with_layer_and_shapes(
    layout: str, network: keras.Model, file: Path, tmp_path: Path
) -> None:
    network.save(tmp_path / "legacy.h5")
    with pytest.raises(
        ConfigError, match=r"does not fit model.backbone=mobilenet with model.alpha=0.5"
    ) as caught:
        _load(_settings(tmp_path / layout, alpha=0.5))
    message = str(caught.value)
    assert "conv1" in message
    assert "(3, 3, 3, 16)" in message and "(3, 3, 3, 8)" in message
    assert message.endswith("or change model.backbone or model.alpha.")
    assert "\n" not in message


def test_weights_of_another_network_do_not_fit(file: Path) -> None:
    settings = _settings(file, backbone="vgg16", alpha=None)
    with pytest.raises(ConfigError, match=r"does not fit model\.backbone=vgg16: .* change model.backbone\.$"):
        _load(settings)


def test_weights_of_a_fused_backbone_are_named_by_their_own_key(tmp_path: Path) -> None:
    fused = {"alpha": 0.25, "image_size": 32, "weights": str(tmp_path / "w.h5")}
    settings = ModelSettings.model_validate({"backbone": "lenet", "weights": "none", "fused_with": [fused]})
    with pytest.raises(ConfigError, match=r"model\.fused_with\.0\.weights: .* cannot be read"):
        build_classifier(settings, 2)


@pytest.mark.skipif(REAL is None, reason="IMGCLF_TEST_WEIGHTS does not name the weights")
def test_the_real_imagenet_weights_fit_their_width_alone() -> None:
    assert REAL is not None
    settings = _settings(REAL)
    assert np.abs(_load(settings).get_layer("conv1").get_weights()[0]).max() > 1
    with pytest.raises(ConfigError, match=r"conv1.*\(3, 3, 3, 16\).*\(3, 3, 3, 8\)"):
        _load(_settings(REAL, alpha=0.5))
