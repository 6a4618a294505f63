from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from tests.trainer.augmentation.batches import SEED, augmented, photographs
from trainer.augmentation import geometry
from trainer.augmentation.augment import matrices
from trainer.augmentation.geometry import Canvas
from trainer.augmentation.op_settings import (
    FlipOp,
    PerspectiveOp,
    RandomResizedCropOp,
    RotationOp,
    ShearOp,
    ShiftOp,
    ZoomOp,
)
from trainer.augmentation.resampling import resample
from trainer.augmentation.seeds import fold
from trainer.augmentation.settings import FillMode

CANVAS = Canvas(tf.constant(500), 11, 21)


def _one(height: int, width: int) -> Canvas:
    return Canvas(tf.constant(1), height, width)


def _mapped(matrix: np.ndarray, x: float, y: float) -> tuple[float, float]:
    u, v, w = matrix @ (x, y, 1)
    return u / w, v / w


def _asymmetric(size: int = 5) -> np.ndarray:
    return np.arange(size * size * 3, dtype=np.float32).reshape(1, size, size, 3)


@pytest.mark.parametrize("turns", [1, 2, 3])
def test_quarter_turns_are_those_of_numpy(turns: int) -> None:
    images = _asymmetric()
    turned = resample(images, geometry.rotated(_one(5, 5), 90.0 * turns), "constant")[0]
    np.testing.assert_allclose(turned, np.rot90(images[0], turns), atol=1e-2)


def test_a_shift_by_whole_pixels_moves_them() -> None:
    images = _asymmetric()
    moved = resample(images, geometry.shifted(_one(5, 5), 2.0, 1.0), "constant").numpy()
    np.testing.assert_array_equal(moved[0, 1:, 2:], images[0, :-1, :-2])
    assert not moved[0, 0].any() and not moved[0, :, :2].any()


@pytest.mark.parametrize(
    ("fill_mode", "expected"),
    [
        ("reflect", [4, 1, 1, 4]),
        ("constant", [0, 0, 1, 4]),
        ("nearest", [1, 1, 1, 4]),
        ("wrap", [10, 13, 1, 4]),
    ],
)
def test_what_comes_in_from_outside(fill_mode: FillMode, expected: list[float]) -> None:
    images = np.tile(_asymmetric()[:, :1], (1, 5, 1, 1)) + 1
    moved = resample(images, geometry.shifted(_one(5, 5), 2.0, 0.0), fill_mode)
    np.testing.assert_array_equal(moved[0, 2, :4, 0], expected)


@pytest.mark.parametrize(("directions", "axis"), [({}, 2), ({"horizontal": False, "vertical": True}, 1)])
def test_a_flip_is_the_reversed_image_exactly(directions: dict[str, bool], axis: int) -> None:
    images = photographs()
    flipped, _ = augmented(images, {"op": "flip", "probability": 1, **directions})
    np.testing.assert_array_equal(flipped, np.flip(images, axis))


def test_about_half_of_the_images_are_flipped_unless_asked_otherwise() -> None:
    images = photographs(400, 4, 4)
    flipped = augmented(images, {"op": "flip"})[0]
    mirrored = (flipped == images[:, :, ::-1]).all((1, 2, 3))
    assert ((flipped == images).all((1, 2, 3)) | mirrored).all()
    assert 150 < mirrored.sum() < 250


def test_flips_in_both_directions_are_all_three_there_are() -> None:
    images = photographs(300, 4, 4)
    flipped = augmented(images, {"op": "flip", "vertical": True, "probability": 1})[0]
    kinds = [
        (flipped == other).all((1, 2, 3)).sum()
        for other in (images[:, :, ::-1], images[:, ::-1], images[:, ::-1, ::-1])
    ]
    assert sum(kinds) == 300 and min(kinds) > 70


@pytest.mark.parametrize("directions", [{}, {"vertical": True}, {"horizontal": False, "vertical": True}])
def test_a_flip_that_is_resampled_with_others_is_the_same_flip(directions: dict[str, bool]) -> None:
    images = photographs()
    flip = {"op": "flip", **directions}
    alone = augmented(images, flip)[0]
    resampled = augmented(images, flip, {"op": "rotation", "degrees": 0})[0]
    np.testing.assert_allclose(resampled, alone, atol=1e-3)


def test_rotation_keeps_the_centre_and_distances_and_stays_within_its_bound() -> None:
    drawn = geometry.rotation(RotationOp(degrees=30), CANVAS, SEED).numpy()
    for matrix in drawn:
        assert _mapped(matrix, 10, 5) == pytest.approx((10, 5), abs=1e-4)
        x, y = _mapped(matrix, 14, 8)
        assert np.hypot(x - 10, y - 5) == pytest.approx(5, abs=1e-4)
    angles = np.degrees(np.arctan2(drawn[:, 1, 0], drawn[:, 0, 0]))
    assert 28 < np.abs(angles).max() <= 30.001
    assert abs(angles.mean()) < 3


def test_shift_zoom_and_shear_stay_within_their_bounds_and_come_near_them() -> None:
    moved = geometry.shift(ShiftOp(fraction=0.1), CANVAS, SEED).numpy()
    assert 2.0 < np.abs(moved[:, 0, 2]).max() <= 2.1 + 1e-5
    assert 1.0 < np.abs(moved[:, 1, 2]).max() <= 1.1 + 1e-5
    scale = 1 / geometry.zoom(ZoomOp(factor=0.25), CANVAS, SEED).numpy()[:, 0, 0]
    assert 0.75 - 1e-5 <= scale.min() < 0.77
    assert 1.23 < scale.max() <= 1.25 + 1e-5
    slope = geometry.shear(ShearOp(degrees=45), CANVAS, SEED).numpy()[:, 0, 1]
    assert 0.95 < np.abs(slope).max() <= 1 + 1e-5


def test_a_zoom_in_shows_the_middle_larger() -> None:
    matrix = geometry.zoom(ZoomOp(factor=0.5), CANVAS, SEED).numpy()
    largest = matrix[np.argmin(matrix[:, 0, 0])]
    x, y = _mapped(largest, 0, 0)
    assert x > 2 and y > 1


def test_a_crop_is_the_part_that_it_says() -> None:
    # The right half, both quarters of its height at the bottom left out: from pixel edges 4 to 8 and 2 to 6.
    matrix = geometry.cropped(_one(8, 8), tf.constant([0.5]), tf.constant([0.25]), tf.constant([0.5]), 0.5)[
        0
    ].numpy()
    # The result's pixel edges are at -0.5 and 7.5.
    assert _mapped(matrix, -0.5, -0.5) == pytest.approx((3.5, 1.5))
    assert _mapped(matrix, 7.5, 7.5) == pytest.approx((7.5, 5.5))


def test_crops_stay_within_the_image_and_their_bounds() -> None:
    op = RandomResizedCropOp(min_area=0.2, max_aspect=2)
    drawn = geometry.random_resized_crop(op, CANVAS, SEED).numpy()
    across, down = drawn[:, 0, 0], drawn[:, 1, 1]
    left, top = (drawn[:, 0, 2] - 0.5 * (across - 1)) / 21, (drawn[:, 1, 2] - 0.5 * (down - 1)) / 11
    assert left.min() > -1e-5 and top.min() > -1e-5
    assert (left + across).max() < 1 + 1e-5 and (top + down).max() < 1 + 1e-5
    assert 0.2 - 1e-4 < (across * down).min() < 0.25
    assert 1.8 < (across / down).max() < 2.0001
    assert 1.8 < (down / across).max() < 2.0001


def test_no_crop_is_smaller_than_the_smallest_whatever_its_sides() -> None:
    op = RandomResizedCropOp(min_area=0.8, max_aspect=10)
    drawn = geometry.random_resized_crop(op, CANVAS, SEED).numpy()
    across, down = drawn[:, 0, 0], drawn[:, 1, 1]
    area = across * down
    assert 0.8 - 1e-4 < area.min() < 0.82
    assert area.mean() == pytest.approx(0.9, abs=0.01)
    assert max(across.max(), down.max()) < 1 + 1e-5


def test_perspective_reads_corners_inwards_and_keeps_lines_straight() -> None:
    drawn = geometry.perspective(PerspectiveOp(strength=0.4), CANVAS, SEED).numpy()
    for matrix in drawn[:50]:
        inwards: set[float] = set()
        for x, y in ((0, 0), (20, 0), (20, 10), (0, 10)):
            u, v = _mapped(matrix, x, y)
            inwards |= {round(abs(u - x) / 20, 6), round(abs(v - y) / 10, 6)}
            assert -1e-4 <= abs(u - x) <= 0.2 * 20 + 1e-4 and abs(v - y) <= 0.2 * 10 + 1e-4
            assert -1e-4 <= u <= 20.0001 and -1e-4 <= v <= 10.0001
        assert len(inwards) == 8  # All drawn by themselves.
        points = np.array([_mapped(matrix, x, 3) for x in (0, 7, 20)])
        (ax, ay), (bx, by) = points[1:] - points[0]
        assert ax * by - ay * bx == pytest.approx(0, abs=1e-2)


def test_a_square_goes_where_its_corners_are_told_to() -> None:
    corners = ((0.1, 0.2), (0.9, 0.0), (0.8, 1.0), (0.0, 0.7))
    given = [tuple(tf.constant([value]) for value in corner) for corner in corners]
    matrix = geometry.square_to_quadrangle(_one(1, 1), given)[0].numpy()
    for start, end in zip(((0, 0), (1, 0), (1, 1), (0, 1)), corners, strict=True):
        assert _mapped(matrix, *start) == pytest.approx(end, abs=1e-5)


def test_one_resampling_is_as_good_as_one_after_the_other() -> None:
    smooth = tf.image.resize(photographs(4, 5, 5), (64, 64)).numpy()
    canvas = Canvas(tf.constant(4), 64, 64)
    run = [
        (op, fold(SEED, position))
        for position, op in enumerate(
            (
                RotationOp(degrees=20),
                FlipOp(),
                ShearOp(degrees=5),
                PerspectiveOp(strength=0.2),
                ShiftOp(fraction=0.05),
            )
        )
    ]
    at_once = resample(smooth, matrices(canvas, run), "reflect").numpy()
    images = tf.constant(smooth)
    for entry in run:
        images = resample(images, matrices(canvas, [entry]), "reflect")
    inner = np.s_[:, 16:48, 16:48]
    assert np.abs(at_once[inner] - smooth[inner]).mean() > 5
    np.testing.assert_allclose(at_once[inner], images.numpy()[inner], atol=2)


def test_what_follows_an_op_on_pixels_is_resampled_apart() -> None:
    turn = {"op": "rotation", "degrees": 40}
    erased = augmented(photographs(), turn, {"op": "erasing", "min_area": 0.2}, turn)[0]
    # The rectangle's gray is turned with the image, so its edge is blended.
    assert not np.array_equal(
        erased, augmented(photographs(), turn, turn, {"op": "erasing", "min_area": 0.2})[0]
    )


def test_a_projection_whose_horizon_meets_the_corner_stays_finite() -> None:
    matrix = np.array([[[1, 0, 0], [0, 1, 0], [0.1, 0, 0]]], np.float32)
    assert np.isfinite(resample(photographs(1), matrix, "reflect")).all()
