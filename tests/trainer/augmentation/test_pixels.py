from __future__ import annotations

import colorsys

import numpy as np
import pytest
import tensorflow as tf

from tests.trainer.augmentation.batches import SEED, augmented, photographs
from trainer.augmentation import tone
from trainer.augmentation.blur import blurred, gaussian_weights
from trainer.augmentation.color import brightened, contrasted, saturated, sharpened
from trainer.augmentation.elastic import displaced
from trainer.augmentation.op_settings import RandAugmentOp
from trainer.augmentation.rand_augment import changes, rand_augment


def _flat(count: int, value: float, height: int = 20, width: int = 30) -> np.ndarray:
    return np.full((count, height, width, 3), value, np.float32)


def test_brightness_adds_one_number_an_image_within_its_bound() -> None:
    images = _flat(400, 127.0, 2, 2)
    added = augmented(images, {"op": "brightness", "factor": 0.2})[0] - images
    assert np.ptp(added, axis=(1, 2, 3)).max() == 0
    assert -51 <= added.min() < -48 and 48 < added.max() <= 51


def test_contrast_goes_both_ways_about_the_mean() -> None:
    images = np.tile(np.float32([100, 140]).reshape(1, 1, 2, 1), (400, 1, 1, 3))
    changed = augmented(images, {"op": "contrast", "factor": 0.5})[0]
    np.testing.assert_allclose(changed.mean((1, 2, 3)), 120, atol=1e-3)
    factor = (changed[:, 0, 1, 0] - 120) / 20
    assert 0.5 <= factor.min() < 0.53 and 1.47 < factor.max() <= 1.5


def test_saturation_goes_both_ways_and_keeps_the_gray() -> None:
    images = np.tile(np.float32([150, 120, 90]), (400, 1, 1, 1))
    changed = augmented(images, {"op": "saturation", "factor": 0.5})[0]
    gray = 0.299 * 150 + 0.587 * 120 + 0.114 * 90
    np.testing.assert_allclose(changed @ np.float32([0.299, 0.587, 0.114]), gray, atol=1e-2)
    factor = (changed[:, 0, 0, 0] - gray) / (150 - gray)
    assert 0.499 <= factor.min() < 0.53 and 1.47 < factor.max() <= 1.501


def test_hue_turns_the_wheel_and_nothing_else() -> None:
    images = np.tile(np.float32([200, 120, 60]), (400, 1, 1, 1))
    changed = augmented(images, {"op": "hue", "factor": 0.2})[0]
    before = colorsys.rgb_to_hsv(200, 120, 60)
    after = np.array([colorsys.rgb_to_hsv(*pixel) for pixel in changed[:, 0, 0]])
    np.testing.assert_allclose(after[:, 1:], np.tile(before[1:], (400, 1)), atol=1e-2)
    turned = (after[:, 0] - before[0] + 0.5) % 1 - 0.5
    assert -0.1001 <= turned.min() < -0.095 and 0.095 < turned.max() <= 0.1001


def test_sharpness_smooths_or_sharpens_and_leaves_the_border_alone() -> None:
    edge = np.repeat(np.float32([100, 150]), 4)[np.newaxis, np.newaxis, :, np.newaxis] * np.ones(
        (1, 6, 1, 3), "f"
    )
    smooth, same, sharp = (
        sharpened(edge, tf.constant([factor]))[0, :, :, 0].numpy() for factor in (0.0, 1.0, 2.0)
    )
    np.testing.assert_allclose(same, edge[0, :, :, 0], atol=1e-3)
    # Three of 13 parts are on the other side of the edge.
    assert smooth[3, 3] == pytest.approx(100 + 50 * 3 / 13, abs=1e-2)
    assert sharp[3, 3] == pytest.approx(100 - 50 * 3 / 13, abs=1e-2)
    np.testing.assert_allclose(sharp[:, 0], 100, atol=1e-2)
    np.testing.assert_allclose(smooth[0], smooth[3], atol=1e-2)


def test_sharpness_goes_both_ways_within_its_bound() -> None:
    images = np.tile(np.repeat(np.float32([100, 150]), 4).reshape(1, 1, 8, 1), (400, 6, 1, 3))
    changed = augmented(images, {"op": "sharpness", "factor": 0.5})[0]
    share = (changed[:, 3, 3, 0] - 100) / (50 * 3 / 13)
    assert -0.501 <= share.min() < -0.47 and 0.47 < share.max() <= 0.501


def test_a_blurred_point_is_the_gaussian() -> None:
    point = np.zeros((2, 21, 23, 3), np.float32)
    point[:, 10, 11] = 255
    spread = blurred(point, tf.constant([1.5, 0.0])).numpy()
    line = np.exp(-0.5 * (np.arange(-10, 11) / 1.5) ** 2)
    line /= line.sum()
    np.testing.assert_allclose(spread[0, :, 1:22, 1], 255 * np.outer(line, line), atol=1e-2)
    np.testing.assert_allclose(spread[1], point[1], atol=1e-3)


def test_each_image_is_blurred_by_its_own_width() -> None:
    np.testing.assert_allclose(gaussian_weights(tf.constant([0.0, 1.0, 9.0]), 4).numpy().sum(2), 1, atol=1e-6)
    point = np.zeros((50, 15, 15, 3), np.float32)
    point[:, 7, 7] = 255
    heights = augmented(point, {"op": "blur", "sigma": 2})[0][:, 7, 7, 0]
    assert len(set(heights.tolist())) > 35
    assert heights.min() < 15 and heights.max() > 200


def test_blurring_keeps_a_flat_image_flat_up_to_its_border() -> None:
    np.testing.assert_allclose(augmented(_flat(2, 99.0, 5, 5), {"op": "blur", "sigma": 10})[0], 99, atol=1e-3)


def test_noise_has_its_standard_deviation() -> None:
    noisy = augmented(_flat(40, 127.0), {"op": "noise", "std": 12})[0]
    assert noisy.std() == pytest.approx(12, rel=0.02)
    assert noisy.mean() == pytest.approx(127, abs=0.2)
    assert abs(np.corrcoef(noisy[0].ravel(), noisy[1].ravel())[0, 1]) < 0.1
    assert abs(np.corrcoef(noisy[..., 0].ravel(), noisy[..., 1].ravel())[0, 1]) < 0.1


def test_jpeg_is_close_to_the_image_and_the_closer_the_better() -> None:
    images = photographs(4, 32, 32)

    def error(quality: int) -> float:
        op = {"op": "jpeg_quality", "min_quality": quality, "max_quality": quality}
        return float(np.abs(augmented(images, op)[0] - images).mean())

    assert 0 < error(95) < 3
    assert error(95) < error(40) < error(5) < 40


def test_qualities_of_jpeg_include_both_bounds() -> None:
    images = np.repeat(photographs(1), 60, axis=0)
    changed = augmented(images, {"op": "jpeg_quality", "min_quality": 10, "max_quality": 12})[0]
    assert len({image.tobytes() for image in changed}) == 3


def test_a_displacement_by_whole_pixels_moves_them() -> None:
    image = photographs(2, 6, 7)
    field = np.zeros((2, 6, 7, 2), np.float32)
    field[1] = 2.0, 1.0
    moved = displaced(image, field).numpy()
    np.testing.assert_allclose(moved[0], image[0], atol=1e-3)
    np.testing.assert_allclose(moved[1, :4, :6], image[1, 2:, 1:], atol=1e-3)
    np.testing.assert_allclose(moved[1, 5, :6], image[1, 5, 1:], atol=1e-3)


def test_a_displacement_by_half_a_pixel_blends_neighbours() -> None:
    image = photographs(1, 6, 7)
    field = np.zeros((1, 6, 7, 2), np.float32)
    field[..., 1] = 0.5
    moved = displaced(image, field).numpy()
    np.testing.assert_allclose(moved[:, :, :6], (image[:, :, :6] + image[:, :, 1:]) / 2, atol=1e-3)


def test_an_elastic_image_is_bent_by_no_more_than_its_strength() -> None:
    ramp = np.tile(np.arange(0, 200, 2, dtype=np.float32).reshape(1, 1, 100, 1), (20, 100, 1, 3))
    bent = augmented(ramp, {"op": "elastic", "strength": 0.05})[0]
    # Along the ramp, a pixel is two tones.
    pixels = np.abs(bent - ramp) / 2
    assert 4.5 < pixels.max() < 5.001
    assert np.abs(np.diff(bent - ramp, axis=1)).max() < 2


def test_erased_areas_are_rectangles_within_their_bounds() -> None:
    images = np.zeros((400, 40, 60, 3), np.float32)
    erased = augmented(images, {"op": "erasing", "min_area": 0.1, "max_area": 0.3})[0]
    assert set(np.unique(erased)) == {0.0, 127.5}
    covered = erased[..., 0] > 0
    # Sides are whole pixels.
    share = covered.mean((1, 2))
    assert 0.09 < share.min() < 0.12 and 0.28 < share.max() < 0.32
    sides = covered.any(2).sum(1) * covered.any(1).sum(1)
    np.testing.assert_array_equal(sides, covered.sum((1, 2)))
    # Anywhere in the image, along each of its borders too.
    anywhere = covered.any(0)
    assert anywhere[0].any() and anywhere[-1].any() and anywhere[:, 0].any() and anywhere[:, -1].any()
    assert anywhere.mean() > 0.98
    # Never beyond a border: those of a pixel or two would not be seen there.
    smallest = augmented(images, {"op": "erasing", "min_area": 0.001, "max_area": 0.001})[0]
    assert smallest.any((1, 2, 3)).all()


def test_an_erased_rectangle_is_up_to_three_times_as_long_as_wide_either_way() -> None:
    images = np.zeros((300, 100, 100, 3), np.float32)
    erased = augmented(images, {"op": "erasing", "min_area": 0.1, "max_area": 0.1})[0]
    covered = erased[..., 0] > 0
    ratio = np.log(covered.any(2).sum(1) / covered.any(1).sum(1))
    # From 0.3 to 1 / 0.3, uniform in its logarithm, whose standard deviation is its length / √12.
    assert np.abs(ratio).max() == pytest.approx(np.log(1 / 0.3), abs=0.06)
    assert ratio.std() == pytest.approx(2 * np.log(1 / 0.3) / np.sqrt(12), rel=0.06)
    # All of it lies in the image.
    np.testing.assert_allclose(covered.mean((1, 2)), 0.1, rtol=0.05)


def test_autocontrast_stretches_each_channel() -> None:
    images = photographs(2)
    images[1, ..., 2] = 70
    stretched = tone.autocontrast(images).numpy()
    np.testing.assert_allclose(stretched[0].min((0, 1)), 0, atol=1e-3)
    np.testing.assert_allclose(stretched[0].max((0, 1)), 255, atol=1e-3)
    np.testing.assert_array_equal(stretched[1, ..., 2], 70)
    # In a straight line.
    low, high = images[0].min((0, 1)), images[0].max((0, 1))
    np.testing.assert_allclose(stretched[0], (images[0] - low) / (high - low) * 255, atol=1e-2)


def test_equalized_tones_are_spread_by_rank() -> None:
    images = np.zeros((1, 2, 2, 3), np.float32)
    images[0, :, :, 0] = [[10, 20], [20, 200]]
    images[0, :, :, 1] = 33
    equal = tone.equalized(images).numpy()
    # Above the darkest pixel are three: two of them of one tone, then the last.
    np.testing.assert_array_equal(equal[0, :, :, 0], [[0, 170], [170, 255]])
    np.testing.assert_array_equal(equal[0, :, :, 1], 33)


@pytest.mark.parametrize("tone_of_all", [128.0, 127.5])
def test_rounding_errors_of_what_came_before_are_no_tones(tone_of_all: float) -> None:
    # As a blur leaves them: the mean of so many equal numbers is not quite that number.
    sides = np.resize(np.float32([-1e-4, 1e-4]), (1, 6, 7, 3))
    images = np.float32(tone_of_all) + sides
    np.testing.assert_array_equal(tone.autocontrast(images), images)
    np.testing.assert_allclose(tone.equalized(images), tone_of_all, atol=0.51)


def test_rounding_errors_do_not_cost_a_tone_its_uppermost_bits() -> None:
    images = np.resize(np.float32([128 - 1e-4, 128 + 1e-4]), (1, 6, 7, 3))
    np.testing.assert_array_equal(tone.posterized(images, tf.constant(4.0)), np.full_like(images, 128))


def test_tones_that_are_one_apart_are_stretched_to_black_and_white() -> None:
    images = np.resize(np.float32([127, 128]), (1, 4, 5, 3))
    for stretched in (tone.autocontrast(images), tone.equalized(images)):
        np.testing.assert_array_equal(stretched, np.where(images == 127, 0, 255))


def test_posterized_and_solarized_tones_by_hand() -> None:
    tones = np.float32([0, 31, 32, 200, 255]).reshape(1, 1, 5, 1) * np.ones(3, np.float32)
    np.testing.assert_array_equal(tone.posterized(tones, tf.constant(3.0))[0, 0, :, 0], [0, 0, 32, 192, 224])
    np.testing.assert_array_equal(tone.solarized(tones, tf.constant(200.0))[0, 0, :, 0], [0, 31, 32, 55, 0])
    np.testing.assert_array_equal(tone.solarized(tones, tf.constant(256.0)), tones)


def test_strengths_by_hand() -> None:
    image = np.float32([[100, 120, 140], [140, 120, 100]]).reshape(1, 1, 2, 3)
    one = tf.constant([0.5])
    np.testing.assert_allclose(brightened(image, one), image / 2, atol=1e-3)
    np.testing.assert_allclose(contrasted(image, one)[0, 0], [[110, 120, 130], [130, 120, 110]], atol=1e-3)
    grays = image @ np.float32([0.299, 0.587, 0.114])
    np.testing.assert_allclose(
        saturated(image, tf.constant([0.0])), np.repeat(grays[..., None], 3, 3), atol=1e-2
    )


# What has a direction or a strength; the other changes of RandAugment have neither.
GRADED = (
    "rotate",
    "color",
    "contrast",
    "brightness",
    "sharpness",
    "shear_x",
    "shear_y",
    "translate_x",
    "translate_y",
)


@pytest.mark.parametrize("name", GRADED)
def test_a_graded_change_of_rand_augment_has_two_directions_and_none_at_magnitude_zero(name: str) -> None:
    image = photographs(1, 12, 12)
    up, down = (changes(0.5, "reflect")[name](image, tf.constant(sign)).numpy() for sign in (1.0, -1.0))
    assert not np.allclose(up, down, atol=0.5)
    still = changes(0.0, "reflect")[name](image, tf.constant(1.0)).numpy()
    np.testing.assert_allclose(still, image, atol=1e-2)


@pytest.mark.parametrize("name", changes(1.0, "reflect"))
def test_every_change_of_rand_augment_does_what_it_is_there_for(name: str) -> None:
    image = photographs(1, 12, 12)
    changed = np.asarray(changes(0.8, "reflect")[name](image, tf.constant(1.0)))
    assert np.array_equal(changed, image) == (name == "identity")


def test_rand_augment_draws_all_of_its_14_changes() -> None:
    images = np.repeat(photographs(1, 12, 12), 400, axis=0)
    changed = rand_augment(
        tf.constant(images), RandAugmentOp(num_ops=1, magnitude=8), SEED, "reflect"
    ).numpy()
    expected = {
        name: [np.asarray(change(images[:1], tf.constant(sign)))[0] for sign in (-1.0, 1.0)]
        for name, change in changes(0.8, "reflect").items()
    }
    found = []
    for image in changed:
        (name, *more) = [
            name for name, both in expected.items() if any(np.allclose(image, one, atol=1e-2) for one in both)
        ]
        assert not more
        found.append(name)
    counts = [found.count(name) for name in expected]
    assert len(counts) == 14 and min(counts) > 10
