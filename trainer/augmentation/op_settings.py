"""One settings class for each op: what it is called, how strong it is, how often it happens."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from components.settings import Settings


class OpSettings(Settings):
    """What all ops have."""

    probability: float = Field(
        1.0, ge=0, le=1, description="How likely the op is to change an image; drawn for each image."
    )


class FlipOp(OpSettings):
    """Mirrors the image. With both directions allowed, one of the two or both are drawn."""

    op: Literal["flip"] = Field("flip", description="Mirrors the image.")
    horizontal: bool = Field(True, description="Left to right.")
    vertical: bool = Field(False, description="Top to bottom.")
    probability: float = Field(0.5, ge=0, le=1, description="How likely an image is to be mirrored.")

    @model_validator(mode="after")
    def _flips_somehow(self) -> FlipOp:
        if not (self.horizontal or self.vertical):
            raise ValueError("horizontal and vertical are both false; set one to true, or leave the flip out")
        return self


class RotationOp(OpSettings):
    """Turns the image about its centre."""

    op: Literal["rotation"] = Field("rotation", description="Turns the image about its centre.")
    degrees: float = Field(10.0, ge=0, le=180, description="Largest turn either way, in degrees.")


class ShiftOp(OpSettings):
    """Moves the image along both axes."""

    op: Literal["shift"] = Field("shift", description="Moves the image along both axes.")
    fraction: float = Field(
        0.1, ge=0, lt=1, description="Largest shift either way, as a fraction of width and height."
    )


class ShearOp(OpSettings):
    """Slants the image along both axes."""

    op: Literal["shear"] = Field("shear", description="Slants the image along both axes.")
    degrees: float = Field(10.0, ge=0, le=45, description="Largest slant either way, in degrees.")


class ZoomOp(OpSettings):
    """Enlarges or reduces the image about its centre."""

    op: Literal["zoom"] = Field("zoom", description="Enlarges or reduces the image about its centre.")
    factor: float = Field(
        0.1, ge=0, lt=1, description="Largest change of scale either way: 0.1 is 90 to 110 %."
    )


class RandomResizedCropOp(OpSettings):
    """Enlarges a random rectangle of the image to the whole (Szegedy et al. 2015)."""

    op: Literal["random_resized_crop"] = Field(
        "random_resized_crop",
        description="Enlarges a random rectangle of the image to the whole (Szegedy et al. 2015).",
    )
    min_area: float = Field(0.3, gt=0, le=1, description="Smallest rectangle, as a fraction of the area.")
    max_aspect: float = Field(
        4 / 3, ge=1, le=10, description="Largest ratio of the rectangle's sides to the image's, either way."
    )


class PerspectiveOp(OpSettings):
    """Looks at the image from another angle: each corner moves inwards on its own."""

    op: Literal["perspective"] = Field("perspective", description="Looks at the image from another angle.")
    strength: float = Field(
        0.2,
        ge=0,
        le=0.5,
        description="How far each corner may move inwards, as a fraction of half the width and height.",
    )


class BrightnessOp(OpSettings):
    """Adds the same to all pixels of an image."""

    op: Literal["brightness"] = Field("brightness", description="Adds the same to all pixels of an image.")
    factor: float = Field(
        0.2, ge=0, le=1, description="Most that is added or taken away, as a fraction of white."
    )


class ContrastOp(OpSettings):
    """Moves pixels away from the mean of their channel, or towards it."""

    op: Literal["contrast"] = Field(
        "contrast", description="Moves pixels away from the mean of their channel, or towards it."
    )
    factor: float = Field(
        0.2, ge=0, le=1, description="Largest change of the distance to the mean: 0.2 is 80 to 120 %."
    )


class SaturationOp(OpSettings):
    """Makes colours purer or grayer."""

    op: Literal["saturation"] = Field("saturation", description="Makes colours purer or grayer.")
    factor: float = Field(
        0.2,
        ge=0,
        le=1,
        description="Largest change of a pixel's distance to its gray: 0.2 is 80 to 120 %.",
    )


class HueOp(OpSettings):
    """Turns the colour wheel."""

    op: Literal["hue"] = Field("hue", description="Turns the colour wheel.")
    factor: float = Field(
        0.05, ge=0, le=1, description="Largest turn either way: 1 is half the wheel, to the opposite colour."
    )


class SharpnessOp(OpSettings):
    """Blends the image with a smoothed copy, or away from it."""

    op: Literal["sharpness"] = Field(
        "sharpness", description="Blends the image with a smoothed copy, or away from it."
    )
    factor: float = Field(
        0.5, ge=0, le=1, description="Largest share of the copy; half of the images are sharpened instead."
    )


class BlurOp(OpSettings):
    """Blurs with a Gaussian."""

    op: Literal["blur"] = Field("blur", description="Blurs with a Gaussian.")
    sigma: float = Field(
        1.0,
        ge=0,
        le=10,
        description="Largest standard deviation of the Gaussian, in pixels; drawn from 0 on.",
    )


class NoiseOp(OpSettings):
    """Adds Gaussian noise to each pixel and channel."""

    op: Literal["noise"] = Field("noise", description="Adds Gaussian noise to each pixel and channel.")
    std: float = Field(10.0, ge=0, le=255, description="Its standard deviation, where white is 255.")


class JpegQualityOp(OpSettings):
    """Stores the image as JPEG and reads it again, with the traces that this leaves."""

    op: Literal["jpeg_quality"] = Field(
        "jpeg_quality", description="Stores the image as JPEG and reads it again."
    )
    min_quality: int = Field(40, ge=1, le=100, description="Lowest quality.")
    max_quality: int = Field(95, ge=1, le=100, description="Highest quality.")

    @model_validator(mode="after")
    def _in_order(self) -> JpegQualityOp:
        if self.min_quality > self.max_quality:
            raise ValueError(
                f"min_quality {self.min_quality} is above max_quality {self.max_quality}; swap the two"
            )
        return self


class ElasticOp(OpSettings):
    """Bends the image by a smooth random field (Simard et al. 2003)."""

    op: Literal["elastic"] = Field(
        "elastic", description="Bends the image by a smooth random field (Simard et al. 2003)."
    )
    strength: float = Field(
        0.03, ge=0, le=0.5, description="Largest displacement, as a fraction of width and height."
    )
    waves: int = Field(
        4, ge=1, le=32, description="How many bends fit across the image: more of them are finer."
    )


class ErasingOp(OpSettings):
    """Covers a random rectangle with mid-gray (Zhong et al. 2020)."""

    op: Literal["erasing"] = Field(
        "erasing", description="Covers a random rectangle with mid-gray (Zhong et al. 2020)."
    )
    min_area: float = Field(0.02, ge=0, le=1, description="Smallest rectangle, as a fraction of the area.")
    max_area: float = Field(0.2, ge=0, le=1, description="Largest rectangle, as a fraction of the area.")

    @model_validator(mode="after")
    def _in_order(self) -> ErasingOp:
        if self.min_area > self.max_area:
            raise ValueError(f"min_area {self.min_area:g} is above max_area {self.max_area:g}; swap the two")
        return self


class RandAugmentOp(OpSettings):
    """Draws some of 14 changes for each image, all equally strong (Cubuk et al. 2019)."""

    op: Literal["rand_augment"] = Field(
        "rand_augment",
        description="Draws some of 14 changes for each image, all equally strong (Cubuk et al. 2019).",
    )
    num_ops: int = Field(2, ge=1, le=8, description="Changes an image, one after the other.")
    magnitude: float = Field(5.0, ge=0, le=10, description="Strength of all of them, from 0 to 10.")


class MixupOp(OpSettings):
    """Blends pairs of images and their labels (Zhang et al. 2018)."""

    op: Literal["mixup"] = Field(
        "mixup", description="Blends pairs of images and their labels (Zhang et al. 2018)."
    )
    alpha: float = Field(
        0.2,
        gt=0,
        le=100,
        description="Of Beta(alpha, alpha), which shares are drawn from: small ones are mostly one image.",
    )


class CutmixOp(OpSettings):
    """Pastes a rectangle of another image, and shares the label by area (Yun et al. 2019)."""

    op: Literal["cutmix"] = Field(
        "cutmix",
        description="Pastes a rectangle of another image, and shares the label by area (Yun et al. 2019).",
    )
    alpha: float = Field(
        1.0, gt=0, le=100, description="Of Beta(alpha, alpha), from which the part that stays is drawn."
    )


AnyOp = (
    FlipOp
    | RotationOp
    | ShiftOp
    | ShearOp
    | ZoomOp
    | RandomResizedCropOp
    | PerspectiveOp
    | BrightnessOp
    | ContrastOp
    | SaturationOp
    | HueOp
    | SharpnessOp
    | BlurOp
    | NoiseOp
    | JpegQualityOp
    | ElasticOp
    | ErasingOp
    | RandAugmentOp
    | MixupOp
    | CutmixOp
)
