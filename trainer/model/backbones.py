"""Builds one backbone, with the weights and the input scaling that go together."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final
from urllib.error import URLError

import keras
import numpy as np

from components.contract import ConfigError, UnreachableError
from serving.first_line import first_line
from trainer.model.layer_weights import set_layer_weights
from trainer.model.scaling import IMAGENET_STD, efficientnet_file_scaling, scaling_layer
from trainer.model.scratch_networks import SCRATCH_NETWORKS
from trainer.model.settings import BackboneSettings
from trainer.model.weights import load_weights

_NUMBERED: Final = re.compile(r"(.*?)(?:_(\d+))?")


@dataclass(frozen=True)
class Backbone:
    """A network that turns pixels into features.

    Attributes:
        network: scaled pixels float [N, size, size, 3] → float [N, h, w, channels], or [N, channels] when it
            ends in a dense layer.
        scaling: what pixels from 0 to 255 go through before it; None when it scales them itself.
        pretrained: whether it starts from weights and not from nothing.
    """

    network: keras.Model
    scaling: keras.layers.Layer | None
    pretrained: bool

    @property
    def size(self) -> int:
        """Height and width that it takes, in pixels."""
        return int(self.network.input_shape[1])


def build_backbone(settings: BackboneSettings, size: int, name: str, key: str = "model") -> Backbone:
    """Builds a backbone with the weights it starts from.

    The names of its layers do not depend on what was built before in this process, because training phases
    name layers.

    Args:
        settings: which one, and from which weights.
        size: height and width of the images, in pixels.
        name: of the network.
        key: of the settings in the configuration, for errors.

    Raises:
        ConfigError: the images are too small, or there are no such weights, or they do not fit.
        UnreachableError: they cannot be downloaded.
    """
    spec = settings.spec
    if size < spec.smallest:
        raise ConfigError(
            f"{key}.image_size: images of {size} pixels are too small for {spec.name}; the smallest that it "
            f"takes is {spec.smallest}."
        )
    network = _network(settings, size, name, key)
    scaling = scaling_layer(spec.scaling, f"{name}_scaling")
    if settings.weights not in ("imagenet", "none"):
        load_weights(network, settings, key)
        if spec.name.startswith("efficientnet_b") and _knows_imagenet(network):
            scaling = efficientnet_file_scaling(f"{name}_scaling")
    return Backbone(network, scaling, settings.pretrained)


def _network(settings: BackboneSettings, size: int, name: str, key: str) -> keras.Model:
    spec = settings.spec
    if spec.application is None:
        return SCRATCH_NETWORKS[spec.name](size, name)
    imagenet = settings.weights == "imagenet"
    # The application names itself: EfficientNetV2's scaling and ConvNeXt's weights depend on that name.
    arguments: dict[str, Any] = {
        "input_shape": (size, size, 3),
        "include_top": False,
        "weights": "imagenet" if imagenet else None,
    }
    if spec.has_alpha:
        arguments["alpha"] = settings.width
    try:
        network = getattr(keras.applications, spec.application)(**arguments)
    except Exception as error:
        if not imagenet:
            raise
        # Keras and the network raise many kinds here, and all mean the same to a user; but the network may be
        # back when the stage is tried again.
        raise (UnreachableError if _of_network(error) else ConfigError)(
            f"{key}.weights: the ImageNet weights of {spec.name} cannot be downloaded or loaded: "
            f"{first_line(str(error)).rstrip('.')}; set {key}.weights to a local file or to 'none'."
        ) from error
    return _with_steady_names(network, name)


def _of_network(error: Exception) -> bool:
    """Whether a download failed, for which Keras has no class of its own."""
    return isinstance(error.__context__, URLError) or isinstance(error, ConnectionError | TimeoutError)


def _knows_imagenet(network: keras.Model) -> bool:
    """Whether an EfficientNet holds the constants that its ImageNet weights have; training leaves them."""
    layers = [layer for layer in network.layers if isinstance(layer, keras.layers.Normalization)]
    return any(np.allclose(np.ravel(layer.get_weights()[1]), IMAGENET_STD, atol=1e-3) for layer in layers)


def _with_steady_names(network: keras.Model, name: str) -> keras.Model:
    """The network with the layer names that it has when it is the first one to be built in a process.

    Keras numbers the layers that nobody names, such as conv2d_93, through all models of a process.
    """
    config = network.get_config()
    # The configuration also lists what is no layer, such as a sum.
    steady = _steady_names((entry["name"], entry["class_name"]) for entry in config["layers"])
    if all(old == new for old, new in steady.items()):
        return keras.Model(network.inputs[0], network.outputs[0], name=name)
    for entry in config["layers"]:
        entry["name"] = entry["config"]["name"] = steady[entry["name"]]
        entry["inbound_nodes"] = _renamed(entry["inbound_nodes"], steady)
    for ends in ("input_layers", "output_layers"):
        config[ends] = _ends_renamed(config[ends], steady)
    rebuilt = keras.Model.from_config({**config, "name": name})
    for layer in network.layers:
        set_layer_weights(rebuilt.get_layer(steady[layer.name]), layer.get_weights())
    return rebuilt


def _steady_names(layers: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Numbers the names that Keras made up from the name of the class anew, in the order they were made."""
    steady: dict[str, str] = {}
    automatic: dict[str, list[tuple[int, str]]] = defaultdict(list)
    for name, kind in layers:
        match = _NUMBERED.fullmatch(name)
        assert match is not None
        stem, number = match.groups()
        if stem.replace("_", "") == kind.lower():
            automatic[stem].append((int(number or 0), name))
        else:
            steady[name] = name
    for stem, numbered in automatic.items():
        for position, (_, name) in enumerate(sorted(numbered)):
            steady[name] = f"{stem}_{position}" if position else stem
    return steady


def _renamed(nodes: Any, steady: dict[str, str]) -> Any:
    """A copy in which each tensor says by the steady name which layer it comes from."""
    if isinstance(nodes, dict):
        if nodes.get("class_name") == "__keras_tensor__":
            layer, *place = nodes["config"]["keras_history"]
            history = [steady[layer], *place]
            return {**nodes, "config": {**nodes["config"], "keras_history": history}}
        return {key: _renamed(value, steady) for key, value in nodes.items()}
    if isinstance(nodes, list | tuple):
        return type(nodes)(_renamed(value, steady) for value in nodes)
    return nodes


def _ends_renamed(ends: Any, steady: dict[str, str]) -> Any:
    """The same for the layers that a model begins and ends with: [name, node, tensor], or a list of them."""
    if isinstance(ends[0], str):
        return [steady[ends[0]], *ends[1:]]
    return [_ends_renamed(end, steady) for end in ends]
