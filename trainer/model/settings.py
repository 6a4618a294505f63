"""What a user can set about the network."""

from __future__ import annotations

from typing import Final, Literal

from pydantic import Field, field_validator, model_validator

from components.settings import Settings
from components.uri import is_uri
from trainer.model.catalog import BACKBONES, BackboneSpec, nearest_name

# What `start_from` says for the newest version that was pushed.
PRODUCTION: Final = "production"

Pooling = Literal["avg", "max", "avg+max", "avg+max+flatten", "bilinear"]
Attention = Literal["none", "se", "cbam"]
Normalization = Literal["none", "batch", "group"]


class BackboneSettings(Settings):
    """A network that turns pixels into features, and what it starts from."""

    backbone: str = Field(
        "mobilenet",
        description="The feature extractor. With ImageNet weights: `"
        + "`, `".join(name for name, spec in BACKBONES.items() if spec.has_imagenet)
        + "`. From nothing, for small images: `"
        + "`, `".join(name for name, spec in BACKBONES.items() if not spec.has_imagenet)
        + "`.",
    )
    alpha: float | None = Field(
        None,
        ge=1 / 32,  # One filter of the 32 that MobileNet begins with.
        le=2,
        description="Width of the MobileNets: a factor on the filters of each layer; 1 unless given. Other "
        "backbones have none.",
    )
    image_size: int | None = Field(
        None,
        ge=8,
        le=1024,
        description="Height and width, in pixels, that images are resized to; unless given, what the "
        "backbone was made for.",
    )
    weights: str = Field(
        "imagenet",
        description="What the backbone starts from: `imagenet` (downloaded), `none` (random), or the path or "
        "URI of an HDF5 weights file of Keras (`.h5`), without the top.",
    )
    weights_sha256: str | None = Field(
        None,
        pattern="^[0-9a-f]{64}$",
        description="Expected SHA-256 of the weights file; another one stops the run. A URI needs it.",
    )

    @field_validator("backbone")
    @classmethod
    def _known(cls, value: str) -> str:
        if value not in BACKBONES:
            raise ValueError(
                f"there is no backbone '{value}'; did you mean '{nearest_name(value, BACKBONES)}'?"
            )
        return value

    @model_validator(mode="after")
    def _fits_the_backbone(self) -> BackboneSettings:
        spec = self.spec
        if self.alpha is not None and not spec.has_alpha:
            named = ", ".join(name for name, each in BACKBONES.items() if each.has_alpha)
            raise ValueError(f"alpha is for {named}; {spec.name} has no such factor, so leave it out")
        if self.pixels < spec.smallest:
            raise ValueError(
                f"image_size is {self.pixels}, and the smallest that {spec.name} takes is {spec.smallest}"
            )
        if self.weights == "imagenet" and not spec.has_imagenet:
            raise ValueError(
                f"there are no ImageNet weights for {spec.name}; set weights to 'none' or a file"
            )
        if self.weights == "imagenet" and self.width not in spec.imagenet_alphas:
            there = ", ".join(f"{alpha:g}" for alpha in spec.imagenet_alphas)
            raise ValueError(
                f"there are no ImageNet weights for {spec.name} with alpha {self.width:g}, only with "
                f"{there}; set alpha to one of these, or weights to 'none' or a file"
            )
        return self

    @model_validator(mode="after")
    def _hash_goes_with_a_file(self) -> BackboneSettings:
        if self.weights in ("imagenet", "none"):
            if self.weights_sha256 is not None:
                raise ValueError(
                    f"weights_sha256 belongs to a file, and weights is '{self.weights}'; leave it out"
                )
        elif is_uri(self.weights) and self.weights_sha256 is None:
            raise ValueError(
                f"weights is the URI {self.weights}, whose content may change; set weights_sha256 to its "
                "SHA-256, as sha256sum prints it"
            )
        return self

    @property
    def spec(self) -> BackboneSpec:
        """The backbone's entry in the catalogue."""
        return BACKBONES[self.backbone]

    @property
    def width(self) -> float:
        """The factor on the filters; 1 where there is none."""
        return 1.0 if self.alpha is None else self.alpha

    @property
    def pixels(self) -> int:
        """Height and width that this backbone sees, in pixels."""
        return self.spec.image_size if self.image_size is None else self.image_size

    @property
    def pretrained(self) -> bool:
        """Whether it starts from weights and not from nothing."""
        return self.weights != "none"


class HeadSettings(Settings):
    """What turns features into probabilities."""

    pooling: Pooling = Field(
        "avg",
        description="How each feature map becomes a vector: its average, its maximum, both, both and every "
        "value, or the correlations of its channels (bilinear: Lin et al. 2015; the channels squared, so for "
        "narrow backbones). lenet, small_cnn and cifar_cnn put out a vector, which stays as it is.",
    )
    attention: Attention = Field(
        "none",
        description="What weights each backbone's last feature map: squeeze-and-excitation (Hu et al. 2018) "
        "or CBAM (Woo et al. 2018).",
    )
    hidden: tuple[int, ...] = Field(
        (), description="Units of the hidden dense layers, each with ReLU, in order; such as `[256]`."
    )
    normalization: Normalization = Field(
        "none",
        description="Normalises the features before the dense layers: over the batch (Ioffe and Szegedy "
        "2015) or over up to 32 groups of channels (Wu and He 2018).",
    )
    dropout: float = Field(
        0.2,
        ge=0,
        lt=1,
        description="Fraction of the inputs of each dense layer of the head dropped in training.",
    )
    l2: float = Field(
        0.0,
        ge=0,
        description="Factor on the sum of the squared weights of the head's dense layers, in the loss.",
    )

    @field_validator("hidden")
    @classmethod
    def _units_are_positive(cls, value: tuple[int, ...]) -> tuple[int, ...]:
        if any(units < 1 for units in value):
            raise ValueError(f"each hidden layer needs at least one unit, and these are {list(value)}")
        return value


class ModelSettings(BackboneSettings):
    """Which network is trained, and what it starts from."""

    start_from: str | None = Field(
        None,
        description="A model whose weights are taken over, layer by layer where name and shape agree: "
        "`production`, the newest version pushed under this name, or the path of a run's `model.keras` or of "
        "a pushed version. Labels that it does not know start afresh. What it does not have, and everything "
        "while nothing is in production, starts from `model.weights`.",
    )
    start_from_sha256: str | None = Field(
        None,
        pattern="^[0-9a-f]{64}$",
        description="Expected SHA-256 of the `model.keras` to start from; another one stops the run.",
    )
    fused_with: tuple[BackboneSettings, ...] = Field(
        (),
        description="Further backbones, whose features lie beside those of this one. Each sees the images at "
        "its own size.",
    )
    head: HeadSettings = Field(
        default_factory=HeadSettings, description="What turns features into probabilities."
    )

    @model_validator(mode="after")
    def _start_hash_goes_with_a_file(self) -> ModelSettings:
        if self.start_from_sha256 is not None and self.start_from in (None, PRODUCTION):
            told = "not given" if self.start_from is None else f"'{PRODUCTION}'"
            raise ValueError(f"start_from_sha256 belongs to a file, and start_from is {told}; leave it out")
        return self

    @model_validator(mode="after")
    def _attention_needs_maps(self) -> ModelSettings:
        vectors = [each.backbone for each in self.backbones if each.spec.ends_dense]
        if self.head.attention != "none" and vectors:
            raise ValueError(
                f"head.attention weights a feature map, and {vectors[0]} ends in a dense layer; set "
                "head.attention to 'none' or take another backbone"
            )
        return self

    @property
    def backbones(self) -> tuple[BackboneSettings, ...]:
        """All backbones: this one and those it is fused with."""
        return (self, *self.fused_with)

    @property
    def input_size(self) -> int:
        """Height and width that pixels come in at: the largest of the backbones'."""
        return max(each.pixels for each in self.backbones)

    def pixels_at(self, size: int) -> tuple[int, ...]:
        """Height and width that each backbone sees, in pixels, when images come in at another size."""
        return tuple(round(each.pixels * size / self.input_size) for each in self.backbones)

    def reason_against(self, size: int) -> str | None:
        """Why no phase can see images of another size.

        Args:
            size: height and width that they come in at, pixels.

        Returns:
            A clause that says what to change; None when nothing stands against it.
        """
        if size == self.input_size:
            return None
        for each, pixels in zip(self.backbones, self.pixels_at(size), strict=True):
            if pixels < each.spec.smallest:
                return (
                    f"{each.backbone} would then see images of {pixels} pixels; the smallest that it takes "
                    f"is {each.spec.smallest}"
                )
        dense = [each.backbone for each in self.backbones if each.spec.ends_dense]
        if dense:
            advice = f"model.backbone {dense[0]} ends in a dense layer; take one that ends in a feature map"
        elif "flatten" in self.head.pooling:
            advice = f"model.head.pooling is '{self.head.pooling}'; leave 'flatten' out of it"
        else:
            return None
        return (
            f"the model would have other weights than with {self.input_size} (model.image_size): {advice}, "
            "or keep to one size"
        )
