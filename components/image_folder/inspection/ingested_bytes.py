"""What ingest would store of an image, for commands that look at single ones."""

from __future__ import annotations

from components.image_folder.headers.image_header import UnusableImageError, read_header
from components.image_folder.inspection.transcode import needs_transcoding, to_png


def as_ingested(data: bytes, max_pixels: int) -> bytes:
    """The bytes that the decoders of training and serving see: the file's own, or those of a PNG.

    Args:
        data: all of the file's bytes.
        max_pixels: of width times height, by what the header says.

    Raises:
        UnusableImageError: no image, too large, or damaged as far as ingest's own way to PNG can tell.
    """
    header = read_header(data)
    if header.width * header.height > max_pixels:
        raise UnusableImageError(
            "too_many_pixels", f"{header.width} x {header.height} is more than {max_pixels} pixels"
        )
    return to_png(data, header) if needs_transcoding(header) else data
