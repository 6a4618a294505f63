"""Decoding images as small as is enough for measuring."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from components.image_folder.headers.image_header import ImageHeader, UnusableImageError
from components.image_folder.inspection.jpeg_decoding import decode_jpeg
from components.image_folder.inspection.reduction import Pixels, decoder_ratio, reduced
from components.image_folder.inspection.tensorflow_decoding import decode_with_tensorflow

# Takes what `decode_with_tensorflow` does, and returns what it does.
TensorflowDecoder = Callable[[Sequence[tuple[bytes, ImageHeader]]], list[Pixels | UnusableImageError]]


def decode_reduced(
    images: Sequence[tuple[bytes, ImageHeader]], ask_tensorflow: TensorflowDecoder | None = None
) -> list[Pixels | UnusableImageError]:
    """Decodes images; whatever passes here, the decoders that train and serve take.

    A JPEG is decoded at a reduced scale: all of its entropy-coded data is
    read, which is where damage shows, but fewer pixels are computed. What is
    no JPEG, or one to wonder about, TensorFlow decodes.

    Args:
        images: files' bytes, and what `read_header` says of them.
        ask_tensorflow: what decodes those; None for TensorFlow in this process.

    Returns:
        For each, uint8 [height, width, 3] as stored, not turned upright; or why
        it cannot be decoded, for example because the file is truncated.
    """
    decoded: dict[int, Pixels | UnusableImageError] = {}
    for position, (data, header) in enumerate(images):
        if header.format == "JPEG":
            try:
                pixels = decode_jpeg(data, header, decoder_ratio(header))
            except UnusableImageError as error:
                decoded[position] = error
            else:
                if pixels is not None:
                    decoded[position] = reduced(pixels, header)
    if left := [position for position in range(len(images)) if position not in decoded]:
        asked = (ask_tensorflow or decode_with_tensorflow)([images[position] for position in left])
        decoded.update(zip(left, asked, strict=True))
    return [decoded[position] for position in range(len(images))]
