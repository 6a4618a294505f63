from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest

from trainer.features.feature_cache import FeatureCache
from trainer.features.feature_store import FeatureStore


class Counting:
    """Makes features that say which image they are of, three at a time."""

    def __init__(self, images: Sequence[str]) -> None:
        self.images = images
        self.asked: list[str] = []

    def __call__(self, missing: np.ndarray) -> Iterator[Sequence[np.ndarray]]:
        self.asked += [self.images[place] for place in missing]
        for start in range(0, len(missing), 3):
            numbers = np.array([int(self.images[place], 16) for place in missing[start : start + 3]])
            yield (numbers[:, None] * [1, 10]).astype(np.float32), numbers.astype(np.int32)


def _features(cache: FeatureCache, key: str, images: Sequence[str]) -> tuple[FeatureStore, list[str]]:
    compute = Counting(images)
    return cache.features(key, images, compute), compute.asked


@pytest.fixture
def cache(tmp_path: Path) -> FeatureCache:
    return FeatureCache(tmp_path / "features", 2**30)


def test_only_images_that_were_not_seen_before_are_computed(cache: FeatureCache) -> None:
    assert _features(cache, "k", "1234567")[1] == list("1234567")
    assert _features(cache, "k", "7654321")[1] == []
    assert len(list((cache.folder / "k").iterdir())) == 1
    store, asked = _features(cache, "k", "8a1")
    assert asked == ["8", "a"]
    assert cache.missing("k", "81b").tolist() == [2]
    first, second = store.read(np.array([2, 0, 1, 1]))
    np.testing.assert_array_equal(first, [[1, 10], [8, 80], [10, 100], [10, 100]])
    np.testing.assert_array_equal(second, [1, 8, 10, 10])


def test_another_key_is_another_matter(cache: FeatureCache) -> None:
    _features(cache, "k", "12")
    assert _features(cache, "l", "12")[1] == ["1", "2"]


def test_an_image_that_comes_twice_is_computed_once(cache: FeatureCache) -> None:
    store, asked = _features(cache, "k", "11211")
    assert asked == ["1", "2"]
    np.testing.assert_array_equal(store.read(np.arange(5))[1], [1, 1, 2, 1, 1])


def test_what_a_killed_run_left_is_not_taken_for_features(cache: FeatureCache) -> None:
    def killed(missing: np.ndarray) -> Iterator[Sequence[np.ndarray]]:
        yield next(Counting("12345")(missing))
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        cache.features("k", "12345", killed)
    assert list((cache.folder / "k").iterdir()) == []
    assert _features(cache, "k", "12345")[1] == list("12345")


@pytest.mark.parametrize("name", ["0.npy", "1.npy", "keys.txt", "checks.txt"])
@pytest.mark.parametrize("harm", ["changed", "cut", "gone"])
def test_damaged_features_are_computed_anew(cache: FeatureCache, name: str, harm: str) -> None:
    _features(cache, "k", "12345")
    _features(cache, "k", "67")
    file = next(part / name for part in (cache.folder / "k").iterdir() if "7" in _keys(part))
    whole = file.read_bytes()
    if harm == "gone":
        file.unlink()
    else:
        file.write_bytes(whole[:-1] + (bytes([whole[-1] ^ 1]) if harm == "changed" else b""))
    store, asked = _features(cache, "k", "1267")
    assert asked == ["6", "7"]
    np.testing.assert_array_equal(store.read(np.arange(4))[1], [1, 2, 6, 7])
    assert _features(cache, "k", "1267")[1] == []


def _keys(part: Path) -> list[str]:
    return (part / "keys.txt").read_text().split()


def test_computing_too_few_is_an_error(cache: FeatureCache) -> None:
    with pytest.raises(ValueError, match="3 rows of features for 5 images"):
        cache.features("k", "12345", lambda missing: Counting("12345")(missing[:3]))


def test_beyond_the_limit_those_that_were_not_asked_for_the_longest_go_first(tmp_path: Path) -> None:
    cache = FeatureCache(tmp_path, 2 * 3_500)
    images = [f"{number:x}" for number in range(200)]  # some 3,200 bytes
    for age, key in enumerate("abc"):
        _features(cache, key, images)
        os.utime(tmp_path / key, (age, age))
    assert {each.name for each in tmp_path.iterdir()} == {"b", "c"}
    _features(cache, "b", images)  # used again
    _features(cache, "d", images)
    assert {each.name for each in tmp_path.iterdir()} == {"b", "d"}


def test_what_is_asked_for_now_is_kept_whatever_the_limit(tmp_path: Path) -> None:
    store, _ = _features(FeatureCache(tmp_path, 0), "k", "123")
    assert store.read(np.array([2]))[1].tolist() == [3]
    assert [each.name for each in tmp_path.iterdir()] == ["k"]


def test_what_another_run_is_writing_is_left_to_it_whatever_the_limit(tmp_path: Path) -> None:
    cache = FeatureCache(tmp_path, 0)
    mine, theirs = Counting("1234567"), Counting("89")

    def disturbed(missing: np.ndarray) -> Iterator[Sequence[np.ndarray]]:
        for batch in mine(missing):
            yield batch
            cache.features("theirs", "89", theirs)

    store = cache.features("mine", "1234567", disturbed)
    np.testing.assert_array_equal(store.read(np.arange(7))[1], np.arange(1, 8))
    assert theirs.asked == ["8", "9"]


def test_what_a_killed_run_left_goes_even_beside_features_that_are_asked_for(tmp_path: Path) -> None:
    cache = FeatureCache(tmp_path, 0)
    _features(cache, "mine", "1")
    (features,) = (tmp_path / "mine").iterdir()
    for place in ("left/partial-1", "mine/partial-1", "mine/partial-2"):
        (tmp_path / place / "part").mkdir(parents=True)
    for folder in tmp_path.glob("*/partial-1"):
        for each in (folder, folder / "part"):
            os.utime(each, (0, 0))
    _features(cache, "mine", "1")
    assert [each.name for each in tmp_path.iterdir()] == ["mine"]
    assert {each.name for each in (tmp_path / "mine").iterdir()} == {features.name, "partial-2"}


def test_stores_can_lie_one_behind_the_other(cache: FeatureCache) -> None:
    stores = [_features(cache, key, images)[0] for key, images in (("k", "123"), ("l", "45"), ("m", "6"))]
    all_of_them = FeatureStore.one_behind_the_other(stores)
    assert all_of_them.count == 6
    np.testing.assert_array_equal(all_of_them.read(np.array([5, 4, 0, 3, 1]))[1], [6, 5, 1, 4, 2])
    like = [(array.dtype.name, array.shape) for array in all_of_them.like]
    assert like == [("float32", (0, 2)), ("int32", (0,))]


def test_what_another_run_takes_away_meanwhile_is_passed_over(cache: FeatureCache) -> None:
    _features(cache, "k", "12")
    # What was listed, and is gone by the time that it is looked at.
    (cache.folder / "l").symlink_to("gone")
    (cache.folder / "k" / "part-0.npy").symlink_to("gone")
    store, asked = _features(cache, "k", "123")
    assert asked == ["3"]
    np.testing.assert_array_equal(store.read(np.arange(3))[1], [1, 2, 3])
