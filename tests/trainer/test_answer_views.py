from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from trainer.answer_views import mean_probabilities, views_of

PIXELS = np.random.default_rng(0).integers(0, 256, (3, 16, 16, 3)).astype(np.float32)


def _network() -> keras.Model:
    pixels = keras.Input((16, 16, 3))
    flat = keras.layers.Flatten()(keras.layers.Rescaling(1 / 255)(pixels))
    return keras.Model(pixels, keras.layers.Dense(4, "softmax")(flat))


def test_flip_is_the_image_and_its_mirror_image() -> None:
    plain, mirrored = views_of(tf.constant(PIXELS), "flip")
    np.testing.assert_array_equal(plain, PIXELS)
    np.testing.assert_array_equal(mirrored, PIXELS[:, :, ::-1])


def test_ten_crop_is_four_corners_and_the_middle_and_their_mirror_images() -> None:
    # A ramp stays one when it is cut and enlarged: its ends tell where it was cut, its order if mirrored.
    columns = np.broadcast_to(np.arange(16, dtype=np.float32)[None, None, :, None], (1, 16, 16, 1))
    rows = columns.transpose(0, 2, 1, 3)
    views = views_of(tf.constant(np.concatenate([rows, columns, columns], -1)), "ten_crop")
    assert len(views) == 10
    assert {tuple(view.shape) for view in views} == {(1, 16, 16, 3)}
    spans = [(float(v[0, 0, 0, 0]), float(v[0, 0, 0, 1]), float(v[0, -1, -1, 1])) for v in views]
    upright = [(0, 0, 13), (0, 2, 15), (2, 0, 13), (2, 2, 15), (1, 1, 14)]
    assert spans == [*upright, *((top, right, left) for top, left, right in upright)]


@pytest.mark.parametrize(("kind", "count"), [("none", 1), ("flip", 2), ("ten_crop", 10)])
def test_probabilities_are_the_mean_over_the_views(kind: Any, count: int) -> None:
    model = _network()
    by_hand = [model.predict_on_batch(view) for view in views_of(tf.constant(PIXELS), kind)]
    assert len(by_hand) == count
    answer = mean_probabilities(model, tf.constant(PIXELS), kind)
    np.testing.assert_allclose(answer, np.mean(by_hand, axis=0), rtol=1e-5)
    if count > 1:
        assert np.abs(answer - by_hand[0]).max() > 1e-3
