"""The yardstick for verification: reading and decoding every file with `tf.io.decode_jpeg`, nothing else."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import tensorflow as tf

from tests.benchmarks.contestants.class_folders import labelled_files
from trainer.images.untuned import untuned

_THREADS = 2


def tf_data(images: Path, output: Path) -> None:
    """In a tf.data pipeline, on a thread a core."""
    paths = [path for path, _ in labelled_files(images)]
    pixels = tf.data.Dataset.from_tensor_slices(paths).map(
        lambda path: tf.size(tf.io.decode_jpeg(tf.io.read_file(path))), num_parallel_calls=tf.data.AUTOTUNE
    )
    assert untuned(pixels).reduce(0, lambda count, size: count + tf.cast(size > 0, tf.int32)) == len(paths)


def thread_pool(images: Path, output: Path) -> None:
    """Called eagerly from as many threads as there are cores."""

    def decode(path: str) -> bool:
        return bool(tf.io.decode_jpeg(Path(path).read_bytes()).shape[0])

    with ThreadPoolExecutor(_THREADS) as pool:
        assert all(pool.map(decode, (path for path, _ in labelled_files(images)), chunksize=64))
