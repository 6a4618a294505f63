"""Files that a folder of images may hold, good and bad, as bytes; made anew each time, no binary is in git.

`scene` is the picture in most of them: varied and sharp enough that no check takes offence at it.
"""

from __future__ import annotations

import io
import struct
import zlib
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

Size = tuple[int, int]
SIZE: Size = (64, 48)

# How the upright picture is stored under each orientation.
_STORED = {
    1: None,
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}


def encoded(image: Image.Image, image_format: str, **options: Any) -> bytes:
    """The image as Pillow writes it."""
    file = io.BytesIO()
    image.save(file, image_format, **options)
    return file.getvalue()


# Pictures.


def scene(seed: int, size: Size = SIZE) -> Image.Image:
    """A sharp picture, RGB: sloping light, shapes before it, a rough surface; each seed's is another."""
    random = np.random.default_rng(seed)
    width, height = size
    across, down = np.meshgrid(np.linspace(-1, 1, width), np.linspace(-1, 1, height))
    angle = random.uniform(0, 2 * np.pi)
    slope = (across * np.cos(angle) + down * np.sin(angle))[..., None] * random.uniform(20, 50, 3)
    image = Image.fromarray(_bytes(random.uniform(70, 180, 3) + slope))
    draw = ImageDraw.Draw(image)
    for number in range(14):
        centre = random.uniform(0, 1, 2) * size
        reach = random.uniform(0.05, 0.35, 2) * min(size)
        box = (*(centre - reach), *(centre + reach))
        colour = tuple(int(value) for value in random.integers(0, 256, 3))
        if number % 3 == 0:
            draw.ellipse(box, colour)
        elif number % 3 == 1:
            draw.rectangle(box, colour)
        else:
            draw.polygon(
                [tuple(corner) for corner in centre + random.uniform(-1.5, 1.5, (3, 2)) * reach], colour
            )
    return Image.fromarray(_bytes(np.asarray(image) + _roughness(random, size)))


def _roughness(random: np.random.Generator, size: Size) -> np.ndarray:
    """Noise of several grain sizes, [height, width, 1]."""
    total = np.zeros(size[::-1])
    for grain in (1, 2, 4, 8):
        small = random.normal(0, 7, (size[1] // grain + 1, size[0] // grain + 1))
        total += small.repeat(grain, 0).repeat(grain, 1)[: size[1], : size[0]]
    return total[..., None]


def _bytes(values: np.ndarray) -> np.ndarray:
    return np.clip(np.round(values), 0, 255).astype(np.uint8)


def blurry_scene(seed: int, size: Size = SIZE) -> Image.Image:
    """The scene, far out of focus."""
    return scene(seed, size).filter(ImageFilter.GaussianBlur(min(size) / 12))


def _speckled(gray: int, size: Size) -> Image.Image:
    noise = np.random.default_rng(gray).integers(-3, 4, (*size[::-1], 1))
    return Image.fromarray(_bytes(np.full((*size[::-1], 3), gray) + noise))


# Files of the four formats that TensorFlow reads.


def jpeg(seed: int, size: Size = SIZE, quality: int = 90) -> bytes:
    """The scene as a JPEG."""
    return encoded(scene(seed, size), "JPEG", quality=quality)


def gray_jpeg(seed: int, size: Size = SIZE) -> bytes:
    """A JPEG of one channel."""
    return encoded(scene(seed, size).convert("L"), "JPEG", quality=90)


def cmyk_jpeg(seed: int, size: Size = SIZE) -> bytes:
    """A JPEG of four inks, inverted as Adobe writes them."""
    return encoded(scene(seed, size).convert("CMYK"), "JPEG", quality=95)


def ycck_jpeg(seed: int, size: Size = SIZE) -> bytes:
    """The picture of `cmyk_jpeg` with the inks as luma, chroma and black, as Photoshop writes it."""
    cyan, magenta, yellow, black = scene(seed, size).convert("CMYK").split()
    luma = Image.merge("RGB", (cyan, magenta, yellow)).convert("YCbCr")
    # Pillow inverts on writing; what ends up in the file is luma, chroma and 255 - black.
    inverted = Image.merge("CMYK", (*luma.point(lambda value: 255 - value).split(), black))
    data = encoded(inverted, "JPEG", quality=95)
    transform = data.index(b"\xff\xee\x00\x0eAdobe") + 15
    return data[:transform] + b"\x02" + data[transform + 1 :]


def exif_block(orientation: int, order: str = "<", thumbnail: bytes = b"") -> bytes:
    """Exif with Make, Orientation and, behind them, a thumbnail; `order` is "<" or ">"."""
    make = b"imgclf\0\0"
    entries = (
        struct.pack(order + "HHII", 0x010F, 2, 7, 38),
        struct.pack(order + "HHIHH", 0x0112, 3, 1, orientation, 0),
    )
    second = 46
    begin = struct.pack(order + "2sHIH", b"II" if order == "<" else b"MM", 42, 8, 2)
    directories = begin + b"".join(entries) + struct.pack(order + "I", second if thumbnail else 0) + make
    if thumbnail:
        where = second + 2 + 2 * 12 + 4
        directories += struct.pack(order + "H", 2)
        directories += struct.pack(order + "HHII", 0x0201, 4, 1, where)
        directories += struct.pack(order + "HHII", 0x0202, 4, 1, len(thumbnail))
        directories += struct.pack(order + "I", 0) + thumbnail
    return b"Exif\0\0" + directories


def stored_under(image: Image.Image, orientation: int) -> Image.Image:
    """The upright image as a camera held that way stores it."""
    method = _STORED[orientation]
    return image.copy() if method is None else image.transpose(method)


def exif_jpeg(
    orientation: int, seed: int, size: Size = SIZE, order: str = "<", thumbnail: bytes = b""
) -> bytes:
    """The scene as a JPEG, upright and of that size once the orientation is applied."""
    block = exif_block(orientation, order, thumbnail)
    return encoded(stored_under(scene(seed, size), orientation), "JPEG", quality=95, exif=block)


def png(seed: int, size: Size = SIZE, mode: str = "RGB") -> bytes:
    """The scene as a PNG of the mode: 1, L, LA, P, RGB, RGBA."""
    return encoded(_in_mode(scene(seed, size), mode), "PNG")


def palette_png(seed: int, size: Size = SIZE) -> bytes:
    """A PNG with a palette."""
    return png(seed, size, "P")


def alpha_png(seed: int, size: Size = SIZE) -> bytes:
    """A PNG, transparent towards its right."""
    return png(seed, size, "RGBA")


def png_16_bit(seed: int, size: Size = SIZE) -> bytes:
    """A gray PNG of 16 bits."""
    grays = np.asarray(scene(seed, size).convert("L")).astype(np.uint16)
    return encoded(Image.fromarray(grays * 256 + grays[::-1]), "PNG")


def exif_png(orientation: int, seed: int, size: Size = SIZE) -> bytes:
    """The scene as a PNG with an eXIf chunk; upright when the orientation is applied."""
    return encoded(stored_under(scene(seed, size), orientation), "PNG", exif=exif_block(orientation))


def apng(seed: int, size: Size = SIZE) -> bytes:
    """An animated PNG of two frames."""
    return encoded(scene(seed, size), "PNG", save_all=True, append_images=[scene(seed + 1, size)])


def gif(seed: int, size: Size = SIZE) -> bytes:
    """The scene as a GIF of one frame."""
    return encoded(scene(seed, size), "GIF")


def animated_gif(seed: int, size: Size = SIZE) -> bytes:
    """A GIF of two frames."""
    return encoded(scene(seed, size), "GIF", save_all=True, append_images=[scene(seed + 1, size)])


def bmp(seed: int, size: Size = SIZE, mode: str = "RGB") -> bytes:
    """The scene as a BMP of the mode: 1, L, P, RGB, RGBA."""
    return encoded(_in_mode(scene(seed, size), mode), "BMP")


def _in_mode(image: Image.Image, mode: str) -> Image.Image:
    """The mode's version; where it has alpha, the right is more transparent."""
    if mode not in ("LA", "RGBA"):
        return image.convert(mode)
    converted = image.convert(mode)
    ramp = np.linspace(255, 0, image.width).astype(np.uint8)
    converted.putalpha(Image.fromarray(np.tile(ramp, (image.height, 1))))
    return converted


# Files that have to be turned into PNG.


def webp(seed: int, size: Size = SIZE, *, lossless: bool = False, mode: str = "RGB") -> bytes:
    """The scene as a WebP, RGB or RGBA."""
    return encoded(_in_mode(scene(seed, size), mode), "WEBP", lossless=lossless, exact=True)


def animated_webp(seed: int, size: Size = SIZE) -> bytes:
    """A WebP of two frames."""
    return encoded(scene(seed, size), "WEBP", save_all=True, append_images=[scene(seed + 1, size)])


def tiff(seed: int, size: Size = SIZE, mode: str = "RGB", **options: Any) -> bytes:
    """The scene as a TIFF; the options are Pillow's."""
    return encoded(_in_mode(scene(seed, size), mode), "TIFF", **options)


# Files that cannot be used.


def empty_file() -> bytes:
    """No bytes."""
    return b""


def text_file() -> bytes:
    """Notes that somebody left among the images."""
    return b"The images in this folder were taken on a rainy day.\n" * 5


def html_page() -> bytes:
    """What a failed download leaves behind, whatever its name."""
    return b"<!DOCTYPE html>\n<html><head><title>404 Not Found</title></head><body>Not Found</body></html>\n"


def truncated_jpeg(seed: int, size: Size = SIZE, share: float = 0.6) -> bytes:
    """A JPEG of which the end is missing; its header is whole."""
    data = jpeg(seed, size)
    return data[: int(len(data) * share)]


def half_jpeg(seed: int, size: Size = SIZE) -> bytes:
    """A JPEG that lost the second half of its pixels, but ends as it should; TensorFlow fills in gray."""
    return truncated_jpeg(seed, size) + b"\xff\xd9"


def corrupt_png(seed: int, size: Size = SIZE) -> bytes:
    """A PNG with a flipped byte in the middle of its pixels; its header is whole."""
    data = bytearray(png(seed, size))
    data[len(data) // 2] ^= 0xFF
    return bytes(data)


def png_chunk(name: bytes, content: bytes) -> bytes:
    """A chunk of a PNG, with its checksum."""
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def png_bomb(width: int = 50_000, height: int = 50_000) -> bytes:
    """A PNG of a few bytes that claims a huge size."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    pixels = zlib.compress(bytes(1000))
    chunks = ((b"IHDR", header), (b"IDAT", pixels), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(png_chunk(name, content) for name, content in chunks)


def jpeg_bomb(width: int = 65_000, height: int = 65_000) -> bytes:
    """A small JPEG that claims a huge size."""
    data = bytearray(jpeg(0))
    struct.pack_into(">HH", data, data.index(b"\xff\xc0") + 5, height, width)
    return bytes(data)


def heic_header(brand: bytes = b"heic") -> bytes:
    """The beginning of a HEIC, the format of telephones; `avif` makes it an AVIF."""
    boxes = struct.pack(">I4s4sI4s4s", 24, b"ftyp", brand, 0, b"mif1", brand)
    return boxes + struct.pack(">I4sI", 40, b"meta", 0) + bytes(28) + b"\xaa" * 200


def svg() -> bytes:
    """A drawing in SVG."""
    return (
        b'<?xml version="1.0"?>\n<!-- a circle -->\n'
        b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><circle r="4"/></svg>\n'
    )


# Odd pictures.


def near_black(size: Size = SIZE) -> bytes:
    """A JPEG taken with the cap on."""
    return encoded(_speckled(4, size), "JPEG", quality=95)


def near_white(size: Size = SIZE) -> bytes:
    """A JPEG, overexposed."""
    return encoded(_speckled(251, size), "JPEG", quality=95)


def flat(gray: int = 120, size: Size = SIZE) -> bytes:
    """A JPEG of one colour."""
    return encoded(Image.new("RGB", size, (gray, gray, gray)), "JPEG")


def blurry_jpeg(seed: int, size: Size = SIZE) -> bytes:
    """A JPEG far out of focus."""
    return encoded(blurry_scene(seed, size), "JPEG", quality=95)


def extreme_aspect_ratio(seed: int, ratio: int = 10) -> bytes:
    """A JPEG ten times as wide as high."""
    return jpeg(seed, (32 * ratio, 32))


def near_duplicates(seed: int, size: Size = SIZE) -> dict[str, bytes]:
    """JPEGs that show the same as `jpeg(seed, size)` in other bytes."""
    original = scene(seed, size)
    smaller = original.resize((size[0] * 3 // 4, size[1] * 3 // 4), Image.Resampling.LANCZOS)
    return {
        "compressed": encoded(original, "JPEG", quality=60),
        "smaller": encoded(smaller, "JPEG", quality=90),
        "brighter": encoded(original.point(lambda value: min(255, value + 12)), "JPEG", quality=90),
    }
