from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from components.image_folder.headers.image_header import read_header
from components.image_folder.inspection.image_measures import measure
from components.image_folder.inspection.odd_images import OddLimits, odd_pixels, odd_shape
from components.image_folder.inspection.reduced_decoding import decode_reduced
from components.image_folder.records.measures import Measures
from components.image_folder.settings import OddImageSettings
from tests import hazard_images as hazards

LIMITS = OddImageSettings()


def _oddities(data: bytes, limits: OddImageSettings = LIMITS) -> list[str]:
    header = read_header(data)
    (pixels,) = decode_reduced([(data, header)])
    assert isinstance(pixels, np.ndarray)
    measures, _ = measure(pixels, header)
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


@pytest.mark.parametrize("gray", [0, 255])
@pytest.mark.parametrize("first", range(5))
def test_a_fifth_of_the_rows_is_not_overlooked(gray: int, first: int) -> None:
    pixels = np.full((127, 127, 3), gray, np.uint8)
    pixels[first::5] = 255 - gray
    assert _oddities(hazards.encoded(Image.fromarray(pixels), "PNG")) == ["low_information"]


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


# A picture with nothing odd about it.
PLAIN = Measures(120, 50, 300, 6, 30, 220, 120, 120, 120, 15000, 15000, 15000)
STRICT = OddLimits(dark=10, bright=245, low_information=1, blurry=25, aspect_ratio=4)


@pytest.mark.parametrize(
    ("measures", "found"),
    [
        (PLAIN, []),
        (PLAIN._replace(brightest=11), []),
        (
            PLAIN._replace(brightest=10, darkest=2),
            [("dark", "nearly black: 99 % of the pixels are at most 10 of 255")],
        ),
        (PLAIN._replace(darkest=244), []),
        (
            PLAIN._replace(darkest=245, brightest=254),
            [("bright", "nearly white: 99 % of the pixels are at least 245 of 255")],
        ),
        (PLAIN._replace(entropy=1), []),
        (PLAIN._replace(entropy=0.99), [("low_information", "its grays hold 0.99 bits of information")]),
        (PLAIN._replace(sharpness=25), []),
        (PLAIN._replace(sharpness=24.9), [("blurry", "blurry: the variance of its Laplacian is 24.9")]),
    ],
)
def test_the_limits_and_the_words(measures: Measures, found: list[tuple[str, str]]) -> None:
    assert list(odd_pixels(measures, STRICT)) == found


def test_of_several_the_strongest_is_told() -> None:
    measures = Measures(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
    # Limits under which the image is both dark and bright.
    limits = STRICT._replace(bright=0)
    expected = ["dark", "bright", "low_information", "blurry"]
    for kind, passed in zip(expected, ({"dark": -1}, {"bright": 1}, {"low_information": 0}, {}), strict=True):
        assert [told for told, _ in odd_pixels(measures, limits)] == [kind]
        limits = limits._replace(**passed)


@pytest.mark.parametrize(
    ("size", "reasons"),
    [
        ((100, 100), []),
        ((400, 100), []),
        ((100, 400), []),
        ((401, 100), ["401 x 100: one side is 4.0 times the other"]),
        ((100, 450), ["100 x 450: one side is 4.5 times the other"]),
    ],
)
def test_either_side_can_be_the_longer(size: tuple[int, int], reasons: list[str]) -> None:
    assert list(odd_shape(*size, STRICT)) == [("extreme_aspect_ratio", reason) for reason in reasons]
