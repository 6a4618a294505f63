from __future__ import annotations

import importlib

import keras
import numpy as np
import pytest

from trainer.model.catalog import BACKBONES
from trainer.model.scaling import IMAGENET_MEAN, IMAGENET_STD, efficientnet_file_scaling, scaling_layer

PIXELS = np.random.default_rng(0).integers(0, 256, (2, 5, 4, 3)).astype(np.float32)
MODULES = {
    "mobilenet": "mobilenet",
    "mobilenet_v2": "mobilenet_v2",
    "mobilenet_v3": "mobilenet_v3",
    "nasnet": "nasnet",
    "vgg16": "vgg16",
    "vgg19": "vgg19",
    "resnet": "resnet",
    "resnet_v2": "resnet_v2",
    "xception": "xception",
    "inception_v3": "inception_v3",
    "inception_resnet_v2": "inception_resnet_v2",
    "densenet": "densenet",
    "efficientnet": "efficientnet",
    "efficientnet_v2": "efficientnet_v2",
    "convnext": "convnext",
}


def _module(name: str) -> str:
    """The module of `keras.applications` that a backbone comes from."""
    if name.startswith("resnet"):
        return "resnet_v2" if name.endswith("_v2") else "resnet"
    return max((module for module in MODULES if name.startswith(module)), key=len)


@pytest.mark.parametrize("name", [name for name, spec in BACKBONES.items() if spec.application])
def test_pixels_are_scaled_as_keras_does_for_this_network(name: str) -> None:
    expected = importlib.import_module(f"keras.applications.{_module(name)}").preprocess_input(PIXELS.copy())
    layer = scaling_layer(BACKBONES[name].scaling, "scaling")
    ours = PIXELS if layer is None else np.asarray(layer(PIXELS))
    np.testing.assert_allclose(ours, expected, rtol=1e-5, atol=1e-4)


def test_efficientnet_from_a_file_sees_what_it_sees_from_a_download() -> None:
    roots = np.sqrt(IMAGENET_STD)
    # With a file, the network makes this of its input; with a download, it divides by the root once more.
    from_file = (np.asarray(efficientnet_file_scaling("s")(PIXELS)) / 255 - IMAGENET_MEAN) / roots
    np.testing.assert_allclose(
        from_file, (PIXELS / 255 - IMAGENET_MEAN) / roots / roots, rtol=1e-4, atol=1e-5
    )


def test_scaling_survives_saving() -> None:
    layer = scaling_layer("caffe", "scaling")
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(layer))
    np.testing.assert_array_equal(again(PIXELS), layer(PIXELS))
