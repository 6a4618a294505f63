"""What a user can set about ingest."""

from __future__ import annotations

import re
from typing import Literal

from pydantic import Field, field_validator, model_validator

from components.contract import EVAL, TEST, TRAIN
from components.image_folder.policies import PolicySettings
from components.settings import Settings

LayoutName = Literal["class_folders", "split_folders", "sidecar", "manifest"]


class SplitFractions(Settings):
    """How many of the images go to which split; the three fractions add up to 1.

    An image keeps its split for as long as the fractions stay as they are.
    """

    train: float = Field(0.8, gt=0, lt=1, description="Fraction of the images to train on.")
    eval: float = Field(
        0.1, gt=0, lt=1, description="Fraction to watch while training: early stopping, best weights."
    )
    test: float = Field(
        0.1, gt=0, lt=1, description="Held-out fraction that decides whether the model is blessed."
    )

    @model_validator(mode="after")
    def _adds_up(self) -> SplitFractions:
        total = self.train + self.eval + self.test
        if abs(total - 1) > 1e-6:
            raise ValueError(f"train, eval and test add up to {total:g}; they have to add up to 1")
        return self

    def in_order(self) -> tuple[tuple[str, float], ...]:
        """The splits with their fractions, in the order that the split hash counts them off."""
        return ((TRAIN, self.train), (EVAL, self.eval), (TEST, self.test))


class LabelSettings(Settings):
    """Which names the classes get, and which ids."""

    file: str | None = Field(
        None,
        description="A label file, one name a line, that fixes the names and their ids. A class that it does "
        "not list is refused.",
    )
    strip_prefix: str | None = Field(
        None,
        description="Regular expression of what to take off the front of folder names, such as `\\d+[._-]` "
        "to make `007.Parakeet` the label `Parakeet`. The ids keep the folders' order. Only where "
        "folders give the labels.",
    )

    @field_validator("strip_prefix")
    @classmethod
    def _compiles(cls, value: str | None) -> str | None:
        try:
            re.compile(value or "")
        except re.error as error:
            raise ValueError(f"'{value}' is no regular expression ({error})") from None
        return value


class LimitSettings(Settings):
    """Beyond these a file is set aside before anything of it is decoded."""

    max_bytes: int = Field(64 * 2**20, ge=1, lt=2**31, description="Largest file, in bytes.")
    max_pixels: int = Field(
        89_000_000, ge=1, le=178_000_000, description="Largest image, in pixels, by what its header says."
    )


class OddImageSettings(Settings):
    """When an image is odd; `data.policies` says what then happens to it.

    All are measured on the image reduced to 64 to 127 pixels on its shorter side, in grays from 0 to 255.
    """

    dark: float = Field(10.0, ge=0, le=255, description="Dark: the brightest 1 % is at most this gray.")
    bright: float = Field(245.0, ge=0, le=255, description="Bright: the darkest 1 % is at least this gray.")
    low_information: float = Field(
        1.0, ge=0, le=8, description="Low information: the grays' entropy is below this many bits."
    )
    blurry: float = Field(
        25.0, ge=0, description="Blurry: the variance of the Laplacian is below this (Pech-Pacheco 2000)."
    )
    aspect_ratio: float = Field(
        4.0, ge=1, description="Extreme aspect ratio: the longer side over the shorter is above this."
    )


class NearDuplicateSettings(Settings):
    """When two images count as the same picture."""

    max_distance: int = Field(
        16,
        ge=0,
        le=32,
        description="Largest number of differing bits, of 256, between the perceptual hashes of "
        "near-duplicates. Images that are dark, bright or of low information, as `data.odd` has it, are not "
        "compared: they all look alike.",
    )
    max_group: int = Field(
        50,
        ge=2,
        description="Larger groups are reported, but not kept on one side of the split: the hash cannot tell "
        "such images apart.",
    )


class DataSettings(Settings):
    """Which images are read, what is checked, and how they are divided."""

    images: str | None = Field(
        None,
        description="The folder, manifest file or URI of the images; `--images` on the command line comes "
        "before it. `{SPAN}` in it stands for a number, such as `photos/span-{SPAN}`.",
    )
    layout: Literal["auto", "class_folders", "split_folders", "sidecar", "manifest"] = Field(
        "auto", description="How images and labels are laid out; `auto` finds out, and says which it took."
    )
    span: int | None = Field(
        None, ge=0, description="With `{SPAN}` in `data.images`: the newest span to use, if not the newest."
    )
    window: int = Field(
        1, ge=1, description="With `{SPAN}` in `data.images`: how many spans to use, up to the newest."
    )
    labels: LabelSettings = Field(default_factory=LabelSettings, description="What the classes are called.")
    splits: SplitFractions = Field(
        default_factory=SplitFractions,
        description="How the images are divided, by their content alone.",
    )
    verify: bool = Field(
        True,
        description="Decode every image once, to find damaged, odd and near-duplicate ones. Without, only "
        "headers and exact copies are checked.",
    )
    limits: LimitSettings = Field(default_factory=LimitSettings, description="What is too large.")
    odd: OddImageSettings = Field(default_factory=OddImageSettings, description="What is odd.")
    near_duplicates: NearDuplicateSettings = Field(
        default_factory=NearDuplicateSettings, description="What is nearly the same."
    )
    policies: PolicySettings = Field(
        default_factory=PolicySettings, description="What happens to files with a finding."
    )
    max_set_aside: float = Field(
        0.05,
        ge=0,
        le=1,
        description="The run stops when more than this fraction of the files is set aside, copies apart.",
    )
    schema_file: str | None = Field(
        None,
        description="A curated TFDV schema (`.pbtxt`) that the records have to satisfy, instead of the one "
        "that follows from the label file.",
    )
