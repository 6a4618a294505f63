from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from tests.trainer.augmentation.batches import photographs
from trainer.augmentation.op_settings import ErasingOp, FlipOp, JpegQualityOp, RotationOp
from trainer.augmentation.preview import preview_sheet, strengths
from trainer.augmentation.settings import AugmentationSettings

# Where the first picture begins.
MARGIN = 28


def _named(size: int = 200, count: int = 2) -> list[tuple[str, np.ndarray]]:
    return [
        (f"cat/{n}.jpg", image.astype(np.uint8)) for n, image in enumerate(photographs(count, size, size))
    ]


def _picture(sheet: Image.Image, column: int, size: int = 200) -> np.ndarray:
    left = MARGIN + column * (size + 16)
    return np.asarray(sheet.crop((left, MARGIN, left + size, MARGIN + size)))


def test_a_sheet_shows_the_original_then_each_op_then_all_of_them() -> None:
    images = _named()
    flips = {"ops": [{"op": "flip"}, {"op": "flip", "horizontal": False, "vertical": True, "probability": 0}]}
    sheet = preview_sheet(images, AugmentationSettings.model_validate(flips), 3)
    original = images[0][1]
    np.testing.assert_array_equal(_picture(sheet, 0), original)
    # Alone, an op is always seen.
    np.testing.assert_array_equal(_picture(sheet, 1), original[:, ::-1])
    np.testing.assert_array_equal(_picture(sheet, 2), original[::-1])
    together = _picture(sheet, 3)
    assert np.array_equal(together, original) or np.array_equal(together, original[:, ::-1])
    assert sheet.width == 2 * MARGIN + 4 * 200 + 3 * 16


def test_all_together_goes_by_the_probabilities() -> None:
    never = {"ops": [{"op": "rotation", "degrees": 90, "probability": 0}]}
    images = _named()
    sheet = preview_sheet(images, AugmentationSettings.model_validate(never), 3)
    np.testing.assert_array_equal(_picture(sheet, 2), images[0][1])
    assert not np.array_equal(_picture(sheet, 1), images[0][1])


def test_the_same_seed_gives_the_same_sheet() -> None:
    settings = AugmentationSettings(preset="strong")
    first, again, other = (preview_sheet(_named(), settings, seed).tobytes() for seed in (1, 1, 2))
    assert first == again != other


def test_there_is_text_below_every_picture() -> None:
    sheet = np.asarray(preview_sheet(_named(), AugmentationSettings(preset="standard"), 0).convert("L"))
    for column in range(8):
        left = MARGIN + column * 216
        assert (sheet[MARGIN + 200 + 4 : MARGIN + 240, left : left + 200] < 128).sum() > 50


@pytest.mark.parametrize(("size", "shown"), [(16, 256), (100, 200), (200, 200), (700, 256)])
def test_tiny_images_are_enlarged_and_large_ones_reduced(size: int, shown: int) -> None:
    sheet = preview_sheet(_named(size, 1), AugmentationSettings(preset="light"), 0)
    assert sheet.width == 2 * MARGIN + 3 * shown + 2 * 16


def test_a_very_long_name_stays_in_its_column() -> None:
    (_, image), *_ = _named(200, 1)
    sheet = np.asarray(
        preview_sheet([("ü" * 300, image)], AugmentationSettings(preset="light"), 0).convert("L")
    )
    assert (sheet[MARGIN + 200 :, MARGIN + 200 : MARGIN + 216] == 255).all()


def test_strengths_in_words() -> None:
    assert strengths(RotationOp(degrees=15, probability=0.5)) == ["degrees 15", "probability 0.5"]
    assert strengths(FlipOp()) == ["horizontal true", "probability 0.5"]
    assert strengths(JpegQualityOp()) == ["min_quality 40", "max_quality 95"]
    assert strengths(ErasingOp(max_area=1 / 3)) == ["min_area 0.02", "max_area 0.333"]
