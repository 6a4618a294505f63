"""Lists of ops that have a name."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, Literal

from trainer.augmentation.op_settings import (
    AnyOp,
    BrightnessOp,
    ContrastOp,
    ErasingOp,
    FlipOp,
    MixupOp,
    RandomResizedCropOp,
    RotationOp,
    SaturationOp,
    ShiftOp,
    ZoomOp,
)

Preset = Literal["none", "light", "standard", "strong"]

PRESETS: Final[Mapping[Preset, tuple[AnyOp, ...]]] = MappingProxyType(
    {
        "none": (),
        "light": (FlipOp(),),
        "standard": (
            FlipOp(),
            RotationOp(degrees=10),
            ShiftOp(fraction=0.05),
            ZoomOp(factor=0.1),
            BrightnessOp(factor=0.1),
            ContrastOp(factor=0.2),
        ),
        "strong": (
            FlipOp(),
            RandomResizedCropOp(min_area=0.35),
            RotationOp(degrees=15),
            BrightnessOp(factor=0.2),
            ContrastOp(factor=0.3),
            SaturationOp(factor=0.3),
            ErasingOp(probability=0.25),
            MixupOp(alpha=0.2),
        ),
    }
)
