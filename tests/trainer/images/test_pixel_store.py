from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from components.contract import CLASS_LABEL, IMAGE_ENCODED, IMAGE_SHA256
from tests.trainer.made_up_splits import MadeUpSplit
from trainer.image_ops import load_images
from trainer.images.pixel_store import PixelStore, decode_split
from trainer.images.split_images import PixelMemory, SplitImages
from trainer.images.split_records import SplitRecords, read_split

SIZE = 8


class Transform:
    """What Transform freezes, but without Transform."""

    def __init__(self) -> None:
        self.seen: list[int] = []

    def __call__(self, encoded: tf.Tensor) -> tf.Tensor:
        tf.py_function(lambda each: self.seen.append(len(each)), [encoded], [])
        return load_images(encoded, SIZE)


def _pixels(number: int) -> np.ndarray:
    return np.random.default_rng(number).integers(0, 256, (SIZE, SIZE, 3), np.uint8)


@pytest.fixture
def split(tmp_path: Path) -> SplitRecords:
    """Forty images in two shards, numbered from the first."""
    for shard in range(2):
        with tf.io.TFRecordWriter(str(tmp_path / f"{shard}.tfrecord")) as writer:
            for number in range(shard * 20, shard * 20 + 20):
                features = {
                    IMAGE_ENCODED: tf.io.encode_png(_pixels(number)).numpy(),
                    IMAGE_SHA256: f"{number:064x}".encode(),
                }
                lists = {
                    name: tf.train.Feature(bytes_list=tf.train.BytesList(value=[value]))
                    for name, value in features.items()
                }
                lists[CLASS_LABEL] = tf.train.Feature(int64_list=tf.train.Int64List(value=[number % 3]))
                example = tf.train.Example(features=tf.train.Features(feature=lists))
                writer.write(example.SerializeToString())
    return read_split(str(tmp_path / "*.tfrecord"))


def test_labels_and_hashes_are_read_in_the_order_of_the_shards(split: SplitRecords, tmp_path: Path) -> None:
    assert split.files == (str(tmp_path / "0.tfrecord"), str(tmp_path / "1.tfrecord"))
    assert split.labels.tolist() == [number % 3 for number in range(40)]
    assert split.keys == tuple(f"{number:064x}" for number in range(40))
    assert split.count == 40


def test_a_split_without_shards_is_empty(tmp_path: Path) -> None:
    empty = read_split(str(tmp_path / "*.tfrecord"))
    assert empty.count == 0
    assert decode_split(empty, Transform(), SIZE, tmp_path / "pixels").shape == (0, SIZE, SIZE, 3)


@pytest.mark.parametrize("in_file", [False, True])
def test_pixels_are_those_that_the_transform_graph_makes(
    split: SplitRecords, tmp_path: Path, in_file: bool
) -> None:
    store = decode_split(split, Transform(), SIZE, tmp_path / "pixels" if in_file else None)
    assert store.shape == (40, SIZE, SIZE, 3)
    assert store.labels is split.labels
    wanted = np.array([39, 0, 7, 7])
    for _ in range(2):
        np.testing.assert_array_equal(store.read(wanted), [_pixels(number) for number in wanted])
    assert (tmp_path / "pixels").exists() == in_file
    if in_file:
        assert (tmp_path / "pixels").stat().st_size == 40 * SIZE * SIZE * 3


def test_what_was_read_of_a_file_does_not_stay_in_memory(tmp_path: Path) -> None:
    """A split larger than memory can be read through again and again."""
    count, size = 64, 512  # 48 MiB
    pixels = np.memmap(tmp_path / "pixels", np.uint8, "w+", shape=(count, size, size, 3))
    store = PixelStore(pixels, np.zeros(count, np.int64))
    for start in range(0, count, 8):
        assert not store.read(np.arange(start, start + 8)).any()
    (mapped,) = [
        block
        for block in Path("/proc/self/smaps").read_text().split("VmFlags")
        if str(tmp_path / "pixels") in block
    ]
    resident = int(mapped.split("Rss:")[1].split()[0])
    assert resident <= 8 * size * size * 3 / 1024


@pytest.mark.parametrize("in_file", [False, True])
def test_smaller_images_are_resized_once_from_larger_ones(tmp_path: Path, in_file: bool) -> None:
    """Four pixels become one: their mean, as antialiasing makes of a checkerboard."""
    board = np.indices((4, 4)).sum(0) % 2 * 200
    pixels = np.repeat(board[None, :, :, None], 3, axis=3).astype(np.uint8)
    plain = np.arange(1, 40)
    pixels = np.concatenate([pixels, np.tile(plain[:, None, None, None], (4, 4, 3)).astype(np.uint8)])
    store = PixelStore(pixels, np.arange(5, 45)).resized(2, tmp_path / "smaller" if in_file else None)
    assert store.shape == (40, 2, 2, 3)
    assert store.labels.tolist() == list(range(5, 45))
    resized = store.read(np.arange(40))
    np.testing.assert_allclose(resized[0], 100, atol=15)
    np.testing.assert_array_equal(resized[1:], np.broadcast_to(plain[:, None, None, None], (39, 2, 2, 3)))


def test_more_pixels_than_there_is_memory_are_told_as_such() -> None:
    # An array that repeats one row takes no memory itself.
    many = np.broadcast_to(np.zeros((1, SIZE, SIZE, 3), np.uint8), (10**15, SIZE, SIZE, 3))
    with pytest.raises(MemoryError, match="12,000,000,000,000,000 bytes for decoded images"):
        PixelStore(many, np.zeros(1)).resized(2, None)


def test_each_image_is_decoded_once_and_only_when_asked_for(split: SplitRecords) -> None:
    transform = Transform()
    images = SplitImages(split, transform, SIZE, None)  # type: ignore[arg-type]
    assert images.count == 40
    assert transform.seen == []
    for size in (SIZE, 4, SIZE, 4):
        assert images.pixels(size).shape == (40, size, size, 3)
    assert sum(transform.seen) == 40


def test_pixels_of_each_size_have_a_file_of_their_own(split: SplitRecords, tmp_path: Path) -> None:
    images = SplitImages(split, Transform(), SIZE, tmp_path / "train")  # type: ignore[arg-type]
    images.pixels(4)
    assert {file.name for file in tmp_path.glob("train*")} == {"train.4", "train.8"}


@pytest.mark.parametrize(("missing", "files"), [(0, set()), (1, {"train.4"})])
def test_all_splits_and_sizes_share_the_memory_that_there_is(
    tmp_path: Path, missing: int, files: set[str]
) -> None:
    memory = PixelMemory(10 * (6 * 6 + 4 * 4) * 3 - missing)
    for name in ("train", "eval"):
        images = MadeUpSplit(np.zeros((10, SIZE, SIZE, 3), np.uint8), np.zeros(10))
        images._scratch, images._memory = tmp_path / name, memory
        for size in (6, 4):
            images.pixels(size)
    assert {file.name for file in tmp_path.iterdir()} == files | {"eval.6", "eval.4"}


def test_what_does_not_fit_into_memory_takes_none_of_it() -> None:
    memory = PixelMemory(10)
    assert [memory.takes(count) for count in (11, 6, 5, 4, 1)] == [False, True, False, True, False]
