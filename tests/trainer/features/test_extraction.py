from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

from components import code_fingerprint as fingerprints
from tests.trainer.made_up_splits import MadeUpSplit
from trainer.augmentation.settings import AugmentationSettings
from trainer.features.extraction import Views, cached_features, extractor_key
from trainer.features.feature_cache import FeatureCache
from trainer.optimization.precision import dtype_policy

ROOT = Path(__file__).parents[3]


@pytest.fixture
def key_after_a_change_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., str]]:
    """A function that changes files of a copy of this project, and says what the key of features is then."""
    for package in ("components", "serving", "trainer"):
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(fingerprints, "_ROOT", tmp_path)
    extractor = keras.Sequential([keras.Input((8, 8, 3)), keras.layers.GlobalAveragePooling2D()])

    def changed(*files: str) -> str:
        for file in files:
            with (tmp_path / file).open("a") as source:
                source.write("\n")
        fingerprints.code_fingerprint.cache_clear()
        return extractor_key(extractor, "preprocessing")

    yield changed
    fingerprints.code_fingerprint.cache_clear()


@pytest.mark.parametrize(
    "file",
    [
        "trainer/augmentation/resampling.py",
        "trainer/images/pixel_store.py",
        "trainer/model/pooling.py",
        "trainer/model/scaling.py",
    ],
)
def test_features_of_changed_code_are_others(key_after_a_change_of: Callable[..., str], file: str) -> None:
    before = key_after_a_change_of()
    assert key_after_a_change_of() == before
    assert key_after_a_change_of(file) != before


def test_code_that_comes_after_the_features_changes_none(key_after_a_change_of: Callable[..., str]) -> None:
    before = key_after_a_change_of()
    assert key_after_a_change_of("trainer/optimization/losses.py", "trainer/training_run/phase.py") == before


def _extractor(pooling: type[keras.layers.Layer], weight: float) -> keras.Model:
    """Named anew each time, as Keras does."""
    pixels = keras.Input((8, 8, 3))
    ones = keras.initializers.Ones()
    scaled = keras.layers.Dense(2, kernel_initializer=ones, bias_initializer="ones")(pixels)
    extractor = keras.Model(pixels, pooling()(scaled))
    extractor.set_weights([weights * weight for weights in extractor.get_weights()])
    return extractor


def test_features_of_another_extractor_are_others() -> None:
    average, maximum = keras.layers.GlobalAveragePooling2D, keras.layers.GlobalMaxPooling2D
    key = extractor_key(_extractor(average, 1), "preprocessing")
    assert extractor_key(_extractor(average, 1), "preprocessing") == key
    others = [
        extractor_key(_extractor(maximum, 1), "preprocessing"),
        extractor_key(_extractor(average, 2), "preprocessing"),
        extractor_key(_extractor(average, 1), "other preprocessing"),
    ]
    with dtype_policy("mixed_bfloat16"):
        others.append(extractor_key(_extractor(average, 1), "preprocessing"))
    assert len({key, *others}) == 5


def test_views_are_taken_over_where_all_is_the_same_that_they_depend_on(tmp_path: Path) -> None:
    computed: list[int] = []

    def extract(pixels: tf.Tensor) -> tf.Tensor:
        computed.append(len(pixels))
        return tf.reduce_mean(pixels, [1, 2])

    def features(split: MadeUpSplit, views: Views) -> tuple[np.ndarray, int]:
        computed.clear()
        store = cached_features(extract, split, 4, views, FeatureCache(tmp_path, 2**30), "key")
        return store.read(np.arange(store.count))[0].reshape(views.count, split.count, 3), sum(computed)

    pixels = np.random.default_rng(1).integers(0, 256, (70, 4, 4, 3), np.uint8)  # more than a batch
    split, more = (MadeUpSplit(some, np.zeros(len(some))) for some in (pixels[:69], pixels))
    views = Views(3, AugmentationSettings.model_validate({"ops": [{"op": "noise", "std": 50}]}), seed=1)
    first, count = features(split, views)
    assert count == 3 * 69
    np.testing.assert_allclose(first[0], pixels[:69].mean((1, 2)), rtol=1e-5)
    again, count = features(split, views)
    assert count == 0
    np.testing.assert_array_equal(again, first)
    # The first view is the image as it is, whatever makes the others.
    weaker = AugmentationSettings.model_validate({"ops": [{"op": "noise", "std": 5}]})
    found = [
        (first, 3 * 69),
        features(split, replace(views, seed=2)),
        features(split, replace(views, augmentation=weaker)),
        features(more, views),
    ]
    assert [count for _, count in found[1:]] == [2 * 69, 2 * 69, 1 + 2 * 70]
    rows = [row for store, _ in found for view in store[1:] for row in view[:69].round(3).tolist()]
    assert len({tuple(row) for row in rows}) == 69 * 8
