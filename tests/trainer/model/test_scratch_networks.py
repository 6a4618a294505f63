from __future__ import annotations

import keras
import numpy as np
import pytest
from sklearn.datasets import load_digits

from trainer.model.classifier import build_classifier
from trainer.model.scratch_networks import SCRATCH_NETWORKS
from trainer.model.settings import ModelSettings


@pytest.mark.parametrize(
    ("name", "units", "layers"),
    [
        ("lenet", 500, [("conv2d", 20), ("conv2d", 50), ("dense", 500)]),
        ("small_cnn", 64, [("conv2d", 32), ("conv2d", 32), ("conv2d", 64), ("dense", 64)]),
        (
            "cifar_cnn",
            1024,
            [*[("conv2d", filters) for filters in (32, 32, 64, 64, 128, 128)], ("dense", 1024)],
        ),
    ],
)
def test_networks_are_as_described(name: str, units: int, layers: list[tuple[str, int]]) -> None:
    network = SCRATCH_NETWORKS[name](16, name)
    found = []
    for layer in network.layers:
        if isinstance(layer, keras.layers.Conv2D):
            found.append(("conv2d", layer.filters))
        elif isinstance(layer, keras.layers.Dense):
            found.append(("dense", layer.units))
    assert found == layers
    assert network.output_shape == (None, units)


@pytest.mark.zoo
def test_small_cnn_learns_digits_in_a_dozen_epochs() -> None:
    keras.utils.set_random_seed(0)
    digits = load_digits()
    images = np.kron(digits.images * (255 / 16), np.ones((2, 2)))[..., None].repeat(3, -1)
    images, labels = images.astype(np.float32), np.eye(10, dtype=np.float32)[digits.target]
    order = np.random.default_rng(0).permutation(len(images))
    train, test = order[360:], order[:360]
    settings = ModelSettings(backbone="small_cnn", weights="none", image_size=16)
    model = build_classifier(settings, 10).model
    schedule = keras.optimizers.schedules.CosineDecay(3e-3, 12 * -(-len(train) // 64))
    model.compile(
        keras.optimizers.Adam(schedule), "categorical_crossentropy", metrics=["accuracy"], jit_compile=False
    )
    model.fit(images[train], labels[train], batch_size=64, epochs=12, verbose=0)
    assert model.evaluate(images[test], labels[test], verbose=0)[1] >= 0.97
