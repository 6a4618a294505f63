"""Backbones and head as one model that can be taken apart again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import keras

from components.contract import ConfigError
from trainer.model.backbones import Backbone, build_backbone
from trainer.model.catalog import nearest_name
from trainer.model.head import build_head, pool_all, pools_in_extractor
from trainer.model.settings import ModelSettings
from trainer.model.trainable import Trainable


@dataclass(frozen=True)
class Classifier:
    """A classifier and its two halves, which share their weights with it.

    Attributes:
        model: pixels float32 [N, size, size, 3], 0 to 255 → probabilities float32 [N, classes].
        backbones: the networks inside `extractor`, whose layers can be frozen.
        extractor: pixels → pooled features float [N, D]; with attention, feature maps
            float [N, h, w, channels]: a list of one a backbone, or the map itself when there is a single one.
        head: what the extractor puts out → probabilities.
        pretrained_backbones: of each backbone, whether it started from weights rather than from nothing.
    """

    model: keras.Model
    backbones: tuple[keras.Model, ...]
    extractor: keras.Model
    head: keras.Model
    pretrained_backbones: tuple[bool, ...]

    @property
    def pretrained(self) -> bool:
        """Whether any of the backbones started from weights."""
        return any(self.pretrained_backbones)

    def set_trainable(self, part: Trainable) -> None:
        """Freezes the backbones but for the part that is to learn; the head always learns.

        Of several backbones, those without the layer or block that is named are frozen.

        Batch normalisation with pretrained statistics stays frozen, which in
        Keras means inference mode too: the statistics of a few small batches
        would undo what it has learned. `training=False` at the call, as
        https://keras.io/guides/transfer_learning/ has it, does not outlive
        a `training=True` from the model around it.

        Raises:
            ConfigError: no backbone has a layer or block of that name.
        """
        starts = self.learning_starts(part, "training.phases")
        for network, pretrained, start in zip(self.backbones, self.pretrained_backbones, starts, strict=True):
            for position, layer in enumerate(network.layers):
                keeps_statistics = pretrained and isinstance(layer, keras.layers.BatchNormalization)
                layer.trainable = start is not None and position >= start and not keeps_statistics

    def learning_starts(self, part: Trainable, key: str) -> list[int | None]:
        """Finds where each backbone begins to learn.

        Args:
            part: what is to learn.
            key: of the setting that says so, dotted.

        Returns:
            For each backbone, what `Trainable.first_learning` says of its layers.

        Raises:
            ConfigError: no backbone has a layer or block of that name; says which name is nearest.
        """
        names = [[layer.name for layer in network.layers] for network in self.backbones]
        starts = [part.first_learning(each) for each in names]
        if all(start is None for start in starts):
            known = [name for each in names for name in each]
            kind = "layer named" if part.part == "layer" else "layer whose name begins with"
            raise ConfigError(
                f"{key}: there is no {kind} '{part.name}' in "
                f"{', '.join(network.name for network in self.backbones)}; did you mean "
                f"'{nearest_name(part.name, known)}'?"
            )
        return starts


def build_classifier(settings: ModelSettings, classes: int, image_size: int | None = None) -> Classifier:
    """Builds the model.

    Classifiers for several image sizes have the same weights, so that one can go on where another stopped:
    `larger.model.set_weights(smaller.model.get_weights())`.

    Args:
        settings: backbones, their weights, head.
        classes: number of labels.
        image_size: height and width of the pixels; `settings.input_size` unless given. The sizes of all
            backbones change in the same proportion.

    Raises:
        ConfigError: weights cannot be had or do not fit; the images are too small, or the number of weights
            would depend on their size.
    """
    size = settings.input_size if image_size is None else image_size
    reason = settings.reason_against(size)
    if reason is not None:
        raise ConfigError(f"With images of {size} pixels, {reason}.")
    names = _network_names([each.backbone for each in settings.backbones])
    backbones = [
        build_backbone(
            each,
            seen,
            name,
            f"model.fused_with.{number - 1}" if number else "model",
        )
        for number, (each, seen, name) in enumerate(
            zip(settings.backbones, settings.pixels_at(size), names, strict=True)
        )
    ]
    pixels = keras.Input((size, size, 3), name="pixels", dtype="float32")
    features: Any = [_features(pixels, backbone) for backbone in backbones]
    if pools_in_extractor(settings.head):
        features = pool_all(features, names, settings.head)
    extractor = keras.Model(pixels, features, name="extractor")
    head = build_head(features, names, settings.head, classes)
    model = keras.Model(pixels, head(extractor(pixels)), name="classifier")
    return Classifier(
        model,
        tuple(backbone.network for backbone in backbones),
        extractor,
        head,
        tuple(backbone.pretrained for backbone in backbones),
    )


def _features(pixels: Any, backbone: Backbone) -> Any:
    features = pixels
    if backbone.size != pixels.shape[1]:
        # Unless told, this layer takes any call for training, and then all layers after it do.
        features = keras.layers.Resizing(
            backbone.size,
            backbone.size,
            antialias=True,
            dtype="float32",
            name=f"{backbone.network.name}_resizing",
        )(features, training=False)
    if backbone.scaling is not None:
        features = backbone.scaling(features)
    return backbone.network(features)


def _network_names(backbones: Sequence[str]) -> list[str]:
    """The backbones' own names; the second of a kind gets a 2 behind it, and so on."""
    names = []
    for position, name in enumerate(backbones):
        before = backbones[:position].count(name)
        names.append(f"{name}_{before + 1}" if before else name)
    return names
