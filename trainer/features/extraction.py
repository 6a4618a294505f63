"""Running a frozen backbone once an image."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from components.code_fingerprint import code_fingerprint
from components.progress import report_progress
from trainer.augmentation.augment import augment
from trainer.augmentation.settings import AugmentationSettings
from trainer.features.feature_cache import FeatureCache
from trainer.features.feature_store import FeatureStore
from trainer.images.split_images import SplitImages

# Pixels → one tensor [N, …], or several.
Extract = Callable[[tf.Tensor], Any]

_BATCH = 64
# What makes features of pixels: augmentation and other sizes in the first, layers of our own in the second.
_CODE = ("trainer.features.extraction", "trainer.model.classifier")


@dataclass(frozen=True)
class Views:
    """How each image is looked at.

    Attributes:
        count: views an image; the first is the image as it is.
        augmentation: makes the others; leaves labels as they are.
        seed: of the augmentation.
    """

    count: int
    augmentation: AugmentationSettings
    seed: int


def extractor_key(extractor: keras.Model, preprocessing: str) -> str:
    """Names everything that features depend on, apart from the image.

    Args:
        extractor: pixels → features; its architecture and its weights count.
        preprocessing: names whatever makes pixels of files.

    Returns:
        Hexadecimal digest.
    """
    digest = hashlib.sha256()
    for module in _CODE:
        digest.update(code_fingerprint(module).encode())
    digest.update(preprocessing.encode())
    digest.update(json.dumps(_without_names(extractor.get_config()), sort_keys=True, default=str).encode())
    for weights in extractor.get_weights():
        digest.update(np.ascontiguousarray(weights).tobytes())
    return digest.hexdigest()


def cached_features(
    extract: Extract, images: SplitImages, size: int, views: Views, cache: FeatureCache, key: str
) -> FeatureStore:
    """The features of a split, view after view; pixels are decoded only if some are missing.

    Args:
        extract: what `extraction_of` made of an extractor for images of this size.
        images: of the split.
        size: height and width, pixels.
        views: of each image.
        cache: where features are kept.
        key: of the extractor.

    Returns:
        `views.count` times as many examples as images: first those of the first view, in the order of the
        split.
    """
    stores = []
    for view in range(views.count):
        # An augmented view depends on the place of the image in the split, so on all of it.
        name = key if view == 0 else _digest(key, view, views.seed, views.augmentation, images.records.keys)

        def compute(missing: np.ndarray, view: int = view) -> Iterator[Sequence[np.ndarray]]:
            report_progress(f"features of {len(missing)} images")
            pixels = images.pixels(size)
            for start in range(0, len(missing), _BATCH):
                batch = tf.cast(pixels.read(missing[start : start + _BATCH]), tf.float32)
                if view:
                    seed = tf.constant([views.seed, view * images.count + start], tf.int64)
                    batch, _ = augment(batch, tf.zeros((tf.shape(batch)[0], 1)), views.augmentation, seed)
                yield [each.numpy() for each in tf.nest.flatten(extract(batch))]

        stores.append(cache.features(name, images.records.keys, compute))
    return stores[0] if len(stores) == 1 else FeatureStore.one_behind_the_other(stores)


def extraction_of(extractor: keras.Model) -> Extract:
    """A function on pixels float32 [N, size, size, 3], traced once for all splits and batch sizes."""
    return tf.function(
        lambda pixels: tf.nest.map_structure(_as_numpy_has_it, extractor(pixels, training=False)),
        input_signature=[tf.TensorSpec((None, *extractor.input_shape[1:]), tf.float32)],
    )


def _as_numpy_has_it(features: tf.Tensor) -> tf.Tensor:
    """A CPU's half precision as float32, which holds it exactly: NumPy's files have no word for it."""
    return tf.cast(features, tf.float32) if features.dtype == tf.bfloat16 else features


def _digest(*parts: object) -> str:
    return hashlib.sha256(repr(parts).encode()).hexdigest()


def _without_names(config: Any) -> Any:
    """A model's configuration without names, which count how many layers the process has made before."""
    if isinstance(config, dict):
        return {
            key: _without_names(value)
            for key, value in config.items()
            if key not in ("name", "trainable", "keras_history", "input_layers", "output_layers")
        }
    if isinstance(config, list | tuple):
        return [_without_names(value) for value in config]
    return config
