from __future__ import annotations

import io

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image, ImageOps

from tests.image_files import image_bytes
from trainer.image_ops import decode_for, decode_image, load_images, resize_image, upright


def test_png_decodes_to_its_own_pixels() -> None:
    data = image_bytes(3, "PNG")
    np.testing.assert_array_equal(decode_image(tf.constant(data)), np.asarray(Image.open(io.BytesIO(data))))


def test_gray_is_repeated_and_alpha_dropped() -> None:
    gray = decode_image(tf.constant(image_bytes(3, "PNG", mode="L"))).numpy()
    assert gray.shape == (24, 32, 3)
    assert (gray[..., 0] == gray[..., 2]).all()
    assert decode_image(tf.constant(image_bytes(3, "PNG", mode="RGBA"))).shape == (24, 32, 3)


@pytest.mark.parametrize(
    ("size", "shape"),
    [(13, (24, 32)), (12, (12, 16)), (7, (12, 16)), (6, (6, 8)), (3, (3, 4)), (1, (3, 4)), (40, (24, 32))],
)
def test_jpegs_are_decoded_at_the_smallest_fraction_that_is_large_enough(
    size: int, shape: tuple[int, int]
) -> None:
    assert decode_for(tf.constant(image_bytes(1, size=(32, 24))), size).shape == (*shape, 3)
    assert decode_for(tf.constant(image_bytes(1, "PNG", size=(32, 24))), size).shape == (24, 32, 3)


def test_a_jpeg_that_is_not_much_larger_has_all_of_its_pixels() -> None:
    data = tf.constant(image_bytes(5, size=(32, 24)))
    np.testing.assert_array_equal(decode_for(data, 13), decode_image(data))


def test_a_large_photograph_is_averaged_and_not_sampled() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (256, 256, 3), np.uint8)
    file = io.BytesIO()
    Image.fromarray(noise).save(file, "JPEG", quality=95, subsampling=0)
    averaged = np.asarray(Image.fromarray(noise).resize((32, 32), Image.Resampling.BOX), np.float32)
    data = tf.constant(file.getvalue())
    small = load_images(data[None], 32).numpy()[0]
    sampled = resize_image(decode_image(data), 32).numpy()
    assert np.abs(small - averaged).mean() < 3
    assert np.abs(sampled - averaged).mean() > 20


def test_resizing_averages_as_bilinear_does() -> None:
    image = tf.constant([[[0] * 3, [100] * 3], [[100] * 3, [200] * 3]], tf.uint8)
    assert (
        resize_image(tf.repeat(tf.repeat(image, 2, 0), 2, 1), 2).numpy()[..., 0] == [[0, 100], [100, 200]]
    ).all()
    up = resize_image(image, 4).numpy()[..., 0]
    assert up[0].tolist() == [0, 25, 75, 100]


def test_pixels_are_bytes() -> None:
    pixels = load_images(tf.constant([image_bytes(1), image_bytes(2, "PNG")]), 20).numpy()
    assert pixels.shape == (2, 20, 20, 3)
    assert pixels.dtype == np.uint8


def test_no_images_no_pixels() -> None:
    assert load_images(tf.constant([], tf.string), 20).shape == (0, 20, 20, 3)


def test_broken_data_is_an_error() -> None:
    with pytest.raises(tf.errors.InvalidArgumentError):
        load_images(tf.constant([b"no image"]), 20)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_turned_as_pillow_turns(orientation: int) -> None:
    image = image_bytes(orientation, "PNG", size=(5, 3))
    stored = Image.open(io.BytesIO(image))
    stored.getexif()[0x0112] = orientation
    expected = np.asarray(ImageOps.exif_transpose(stored))
    turned = upright(tf.constant(np.asarray(stored)), tf.constant(orientation))
    assert turned.dtype == tf.uint8
    np.testing.assert_array_equal(turned, expected)
