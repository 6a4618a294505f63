"""GIF."""

from __future__ import annotations

from struct import unpack_from

from components.image_folder.headers.fields import ImageHeader, corrupt


def read_gif(data: bytes) -> ImageHeader:
    """Walks the blocks to the second frame, if there is one (GIF89a specification).

    TensorFlow makes the image as large as the largest frame, not as the
    screen, cuts off what the first frame's offset pushes over the edge, and
    holds all frames at once. So only what is a single frame on the whole
    screen is decodable; a frame that reaches beyond the screen enlarges it.
    """
    width, height, flags = unpack_from("<HHB", data, 6)
    position = 13 + _colour_table_bytes(flags)
    alpha = animated = decodable = False
    frames = 0
    while position < len(data):
        block = data[position]
        if block == 0x2C:
            frames += 1
            if frames == 2:
                animated, decodable = True, False
                break
            left, top, frame_width, frame_height, frame_flags = unpack_from("<HHHHB", data, position + 1)
            whole = (0, 0, max(width, frame_width), max(height, frame_height))
            decodable = (left, top, frame_width, frame_height) == whole and bool((flags | frame_flags) & 0x80)
            width, height = max(width, left + frame_width), max(height, top + frame_height)
            position += 11 + _colour_table_bytes(frame_flags)
        elif block == 0x21:
            if frames == 0 and data[position + 1] == 0xF9:
                alpha = bool(data[position + 3] & 1)
            position += 2
        else:  # the trailer, or damage
            break
        while position < len(data) and data[position]:
            position += 1 + data[position]
        position += 1
    if frames == 0:
        raise corrupt("the GIF holds no frame")
    return ImageHeader(
        "GIF", width, height, 1, palette=True, alpha=alpha, animated=animated, decodable=decodable
    )


def _colour_table_bytes(flags: int) -> int:
    return 3 * 2 << (flags & 7) if flags & 0x80 else 0
