"""The pixels of a split, decoded once: in memory where they fit, else in a file that is mapped into it."""

from __future__ import annotations

import math
import mmap
from pathlib import Path

import numpy as np
import tensorflow as tf

from components.contract import IMAGE_ENCODED
from trainer.disk_room import take_room
from trainer.images.split_records import SplitRecords
from trainer.images.untuned import untuned
from trainer.transform_graph import TransformGraph

_DECODE_BATCH = 16


class PixelStore:
    """Decoded images that can be read in any order.

    Attributes:
        labels: int64 [N].
        shape: of all pixels, (N, size, size, 3).
    """

    def __init__(self, pixels: np.ndarray, labels: np.ndarray) -> None:
        """Takes what is decoded already.

        Args:
            pixels: uint8 [N, size, size, 3], an array or a memory map.
            labels: int64 [N].
        """
        self._pixels = pixels
        self.labels = labels
        self.shape: tuple[int, ...] = pixels.shape

    def read(self, indices: np.ndarray) -> np.ndarray:
        """Copies images out.

        Args:
            indices: int [n], in any order.

        Returns:
            uint8 [n, size, size, 3].
        """
        images = self._pixels[indices]
        mapped = getattr(self._pixels, "_mmap", None)
        if mapped is not None:
            # What was read stays in the system's cache but does not count as this process' memory,
            # which would otherwise grow to the size of the file.
            mapped.madvise(mmap.MADV_DONTNEED)
        return images

    def resized(self, size: int, file: Path | None) -> PixelStore:
        """The same images at another size, resized once.

        Args:
            size: height and width, pixels.
            file: where to keep them; None for memory.
        """
        count = self.shape[0]
        smaller = _empty((count, size, size, 3), file)
        for start in range(0, count, _DECODE_BATCH):
            chosen = np.arange(start, min(start + _DECODE_BATCH, count))
            images = tf.image.resize(self.read(chosen), (size, size), antialias=True)
            smaller[chosen] = tf.saturate_cast(tf.round(images), tf.uint8).numpy()
        return PixelStore(smaller, self.labels)


def decode_split(
    split: SplitRecords, transform: TransformGraph, size: int, file: Path | None = None
) -> PixelStore:
    """Decodes all images of a split through the transform graph, on all cores.

    Args:
        split: which records.
        transform: the same graph that is exported for serving.
        size: height and width that it resizes to, pixels.
        file: where to keep the pixels; None for memory.
    """

    def decode(records: tf.Tensor) -> tf.Tensor:
        parsed = tf.io.parse_example(records, {IMAGE_ENCODED: tf.io.FixedLenFeature([], tf.string)})
        return transform(parsed[IMAGE_ENCODED])

    pixels = _empty((split.count, size, size, 3), file)
    decoded = (
        tf.data.TFRecordDataset(split.files)
        .batch(_DECODE_BATCH)
        .map(decode, num_parallel_calls=tf.data.AUTOTUNE)
        .prefetch(1)
    )
    position = 0
    for batch in untuned(decoded):
        pixels[position : position + len(batch)] = batch.numpy()
        position += len(batch)
    return PixelStore(pixels, split.labels)


def _empty(shape: tuple[int, ...], file: Path | None) -> np.ndarray:
    if 0 in shape:  # No bytes cannot be mapped.
        return np.empty(shape, np.uint8)
    if file is None:
        # Not NumPy's own memory: it asks for huge pages, and those a virtual machine may first have to get
        # from its host, which took as long as decoding what went into them.
        size = math.prod(shape)
        try:
            memory = mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
        except OSError as error:
            raise MemoryError(f"{size:,} bytes for decoded images") from error
        return np.frombuffer(memory, np.uint8).reshape(shape)
    pixels = np.memmap(file, np.uint8, "w+", shape=shape)
    take_room(file)
    return pixels
