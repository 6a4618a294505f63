from __future__ import annotations

import numpy as np
import pytest

from components.image_folder.image_header import read_header
from components.image_folder.image_measures import measure
from components.image_folder.odd_images import OddLimits, odd_pixels, odd_shape
from components.image_folder.reduced_decoding import decode_reduced
from components.image_folder.settings import OddImageSettings
from tests import hazard_images as hazards

LIMITS = OddImageSettings()


def _oddities(data: bytes, limits: OddImageSettings = LIMITS) -> list[str]:
    header = read_header(data)
    (pixels,) = decode_reduced([(data, header)])
    assert isinstance(pixels, np.ndarray)
    measures, _ = measure(pixels, header.orientation)
    return [
        kind
        for found in (
            odd_shape(header.width, header.height, OddLimits(**limits.model_dump())),
            odd_pixels(measures, OddLimits(**limits.model_dump())),
        )
        for kind, _ in found
    ]


@pytest.mark.parametrize(
    ("data", "kinds"),
    [
        (hazards.near_black(), ["dark"]),
        (hazards.near_white(), ["bright"]),
        (hazards.flat(), ["low_information"]),
        (hazards.blurry_jpeg(1), ["blurry"]),
        (hazards.extreme_aspect_ratio(1), ["extreme_aspect_ratio"]),
        *((hazards.jpeg(seed), []) for seed in range(6)),
        (hazards.png(1, mode="L"), []),
    ],
)
def test_each_oddity_is_named_once_and_no_other(data: bytes, kinds: list[str]) -> None:
    assert _oddities(data) == kinds


@pytest.mark.parametrize(
    ("data", "limits"),
    [
        (hazards.near_black(), {"dark": 0, "low_information": 0, "blurry": 0}),
        (hazards.near_white(), {"bright": 255, "low_information": 0, "blurry": 0}),
        (hazards.flat(), {"low_information": 0, "blurry": 0}),
        (hazards.blurry_jpeg(1), {"blurry": 0}),
        (hazards.extreme_aspect_ratio(1), {"aspect_ratio": 100}),
    ],
)
def test_the_limits_decide(data: bytes, limits: dict[str, float]) -> None:
    assert _oddities(data, OddImageSettings(**limits)) == []
