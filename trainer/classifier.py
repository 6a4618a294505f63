"""Backbone and head as one model that can be taken apart again."""

from __future__ import annotations

from dataclasses import dataclass

import keras

from trainer.backbones import BACKBONES, build_backbone
from trainer.phases import Trainable
from trainer.settings import ModelSettings


@dataclass(frozen=True)
class Classifier:
    """A classifier and its two halves, which share their weights with it.

    Attributes:
        model: pixels float32 [N, size, size, 3], 0 to 255 → probabilities float32 [N, classes].
        backbone: the network inside `extractor`, whose layers can be frozen.
        extractor: pixels → features float32 [N, channels].
        head: features → probabilities.
        pretrained: whether the backbone started from weights rather than from nothing.
    """

    model: keras.Model
    backbone: keras.Model
    extractor: keras.Model
    head: keras.Model
    pretrained: bool

    def set_trainable(self, part: Trainable) -> None:
        """Freezes the backbone but for the part that is to learn; the head always learns.

        Batch normalisation with pretrained statistics stays frozen, which in
        Keras means inference mode too: the statistics of a few small batches
        would undo what it has learned. `training=False` at the call, as
        https://keras.io/guides/transfer_learning/ has it, does not outlive
        a `training=True` from the model around it.
        """
        layers = self.backbone.layers
        learning = len(layers) if part.backbone_layers is None else part.backbone_layers
        frozen = len(layers) - learning
        for position, layer in enumerate(layers):
            keeps_statistics = self.pretrained and isinstance(layer, keras.layers.BatchNormalization)
            layer.trainable = position >= frozen and not keeps_statistics


def build_classifier(settings: ModelSettings, classes: int) -> Classifier:
    """Builds the model.

    Args:
        settings: backbone, weights, size, dropout.
        classes: number of labels.
    """
    spec = BACKBONES[settings.backbone]
    backbone = build_backbone(settings)
    pixels = keras.Input((settings.image_size, settings.image_size, 3), name="pixels")
    scaled = keras.layers.Rescaling(spec.scale, spec.offset)(pixels)
    pooled = keras.layers.GlobalAveragePooling2D()(backbone(scaled))
    extractor = keras.Model(pixels, pooled, name="extractor")
    head = keras.Sequential(
        [
            keras.Input((pooled.shape[-1],)),
            keras.layers.Dropout(settings.dropout),
            keras.layers.Dense(classes, activation="softmax"),
        ],
        name="head",
    )
    model = keras.Model(pixels, head(extractor(pixels)), name="classifier")
    return Classifier(model, backbone, extractor, head, pretrained=settings.weights != "none")
