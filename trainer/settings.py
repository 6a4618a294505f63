"""What a user can set about the model, its training and its answers."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, field_validator

from components.class_balance.class_weights import Scheme
from components.settings import Settings
from trainer.phases import Trainable, parse_trainable


class ModelSettings(Settings):
    """Which network is trained, and what it starts from."""

    backbone: Literal["mobilenet", "small_cnn"] = Field(
        "mobilenet", description="The feature extractor: `mobilenet`, or `small_cnn` for tiny images."
    )
    alpha: float = Field(
        1.0, gt=0, le=2, description="Width of MobileNet: a factor on the filters of each layer."
    )
    image_size: int = Field(
        224, ge=8, le=1024, description="Height and width, in pixels, that images are resized to."
    )
    weights: str = Field(
        "imagenet",
        description="What the backbone starts from: `imagenet` (downloaded), `none` (random), or a local "
        "Keras weights file.",
    )
    weights_sha256: str | None = Field(
        None,
        pattern="^[0-9a-f]{64}$",
        description="Expected SHA-256 of the weights file; another one stops the run.",
    )
    dropout: float = Field(0.2, ge=0, lt=1, description="Fraction of the features dropped before the head.")


class PhaseSettings(Settings):
    """One stretch of training; phases follow one another on the same model."""

    train: str = Field(
        "all", description="What learns: `head`, `last N layers` of the backbone with the head, or `all`."
    )
    epochs: int = Field(10, ge=0, description="Passes over the train split.")
    learning_rate: float = Field(1e-3, gt=0, description="Where the cosine schedule starts; it ends at zero.")

    @field_validator("train")
    @classmethod
    def _known(cls, value: str) -> str:
        parse_trainable(value)
        return value

    @property
    def trainable(self) -> Trainable:
        """`train`, parsed."""
        return parse_trainable(self.train)


class AugmentationSettings(Settings):
    """Random changes to training images; phases that train only the head see images as they are."""

    flip: bool = Field(False, description="Mirror half of the images, left to right.")
    rotation: float = Field(0.0, ge=0, le=180, description="Largest turn either way, in degrees.")
    shift: float = Field(0.0, ge=0, lt=1, description="Largest shift either way, as a fraction of the size.")
    zoom: float = Field(0.0, ge=0, lt=1, description="Largest zoom in or out, as a fraction.")


class TrainingSettings(Settings):
    """How the model is trained."""

    batch_size: int = Field(32, ge=1, description="Images a step.")
    phases: tuple[PhaseSettings, ...] = Field(
        (
            PhaseSettings(train="head", epochs=10, learning_rate=1e-2),
            PhaseSettings(train="last 20 layers", epochs=4, learning_rate=1e-4),
        ),
        min_length=1,
        description="Stretches of training, in order. Unless given: the head for 10 epochs from 0.01, then "
        "the last 20 layers for 4 epochs from 0.0001.",
    )
    epochs: int | None = Field(
        None,
        ge=0,
        description="Cut the phases off after this many epochs in all; 0 trains nothing.",
    )
    augmentation: AugmentationSettings = Field(
        default_factory=AugmentationSettings, description="Random changes to training images."
    )
    label_smoothing: float = Field(
        0.0, ge=0, lt=1, description="Share of each label spread over all classes (Szegedy et al. 2016)."
    )
    class_weights: Literal["none", Scheme] = Field(
        "none",
        description="How much more the images of small classes count in the loss: in inverse proportion to "
        "the images of their class, to the square root of that, or to its effective number of images "
        "(Cui et al. 2019, β = 0.999). The average image counts 1. The loss on the eval split, which chooses "
        "the epoch, is weighted alike.",
    )
    patience: int = Field(
        5, ge=1, description="A phase ends after this many epochs without a lower loss on the eval split."
    )
    cache_gib: float = Field(
        4.0,
        ge=0,
        description="Decoded images are kept in memory up to this size, in GiB; beyond it, on disk.",
    )


class ServingSettings(Settings):
    """What the exported model answers."""

    reject_below: float = Field(
        0.0, ge=0, le=1, description="`accepted` is false for answers less probable than this."
    )
    top_k: int = Field(5, ge=1, description="How many of the best labels each answer lists.")
