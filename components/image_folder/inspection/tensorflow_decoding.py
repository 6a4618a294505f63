"""Decoding with the decoders that train and serve, many images in one call."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from components.image_folder.headers.image_header import ImageHeader, UnusableImageError
from components.image_folder.inspection.reduction import Pixels, decoder_ratio, reduced

if TYPE_CHECKING:
    import tensorflow as tf

# How many images TensorFlow is given at a time; few sizes, because each is traced once a scale.
_BATCHES: Final = (16, 4, 1)
# Images of more pixels are decoded one by one: sixteen at a time would take much memory.
_LARGE: Final = 2**21


def decode_with_tensorflow(
    images: Sequence[tuple[bytes, ImageHeader]],
) -> list[Pixels | UnusableImageError]:
    """Decodes and reduces images. TensorFlow, loaded at the first call, spreads them over all cores.

    Args:
        images: files' bytes, and what `read_header` says of them.

    Returns:
        For each, uint8 [height, width, 3], not turned upright; or why the
        decoder refuses it, for example because the file is truncated.
    """
    decoded: dict[int, Pixels | UnusableImageError] = {}
    alike: defaultdict[tuple[int, bool], list[int]] = defaultdict(list)
    for position, (_, header) in enumerate(images):
        ratio = decoder_ratio(header)
        alike[ratio, _is_large(header, ratio)].append(position)
    for (ratio, large), positions in alike.items():
        for some in _batched(positions, _BATCHES[-1:] if large else _BATCHES):
            pixels = _decode([images[position][0] for position in some], ratio)
            for position, one in zip(some, pixels, strict=True):
                decoded[position] = (
                    one if isinstance(one, UnusableImageError) else reduced(one, images[position][1])
                )
    return [decoded[position] for position in range(len(images))]


def _is_large(header: ImageHeader, ratio: int) -> bool:
    return header.width * header.height > _LARGE * max(ratio, 1) ** 2


def _batched(positions: Sequence[int], sizes: Sequence[int]) -> list[Sequence[int]]:
    batches: list[Sequence[int]] = []
    start = 0
    for size in sizes:
        while start + size <= len(positions):
            batches.append(positions[start : start + size])
            start += size
    return batches


def _decode(files: Sequence[bytes], ratio: int) -> list[Pixels | UnusableImageError]:
    import tensorflow as tf

    try:
        return [image.numpy() for image in _decoder(len(files), ratio)(tf.constant(files))]
    except (tf.errors.InvalidArgumentError, tf.errors.ResourceExhaustedError):
        if len(files) == 1:
            return [UnusableImageError("corrupt", "truncated or damaged: the decoder refuses it")]
        # One of them is damaged; which one, TensorFlow does not tell.
        return [one for file in files for one in _decode([file], ratio)]


@cache
def _decoder(count: int, ratio: int) -> Any:
    """A function from string [count] to as many images; one call instead of many for Python to wait for."""
    import tensorflow as tf

    def decode_one(file: tf.Tensor) -> tf.Tensor:
        if ratio:
            return tf.io.decode_jpeg(file, channels=3, ratio=ratio)
        return tf.io.decode_image(file, channels=3, expand_animations=False)

    def decode(files: tf.Tensor) -> list[tf.Tensor]:
        return [decode_one(files[position]) for position in range(count)]

    # Outside of any function that somebody else is tracing, and without AutoGraph: nothing here branches.
    with tf.init_scope():
        signature = [tf.TensorSpec([count], tf.string)]
        return tf.function(decode, input_signature=signature, autograph=False).get_concrete_function()
