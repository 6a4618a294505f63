"""Folders of images to measure on, made anew each time."""

from __future__ import annotations

import io
from concurrent.futures import ProcessPoolExecutor
from itertools import count, repeat
from pathlib import Path

import numpy as np
from PIL import Image


def photographs(source: Path | None, images: int = 1400) -> list[tuple[str, bytes]]:
    """Class and bytes of each JPEG below `source`, or of `images` made-up ones of about the same size."""
    if source is not None:
        return [(path.parent.name, path.read_bytes()) for path in sorted(source.glob("*/*.jpg"))]
    return [
        ("ab"[2 * seed // images], _picture(seed, (445, 374), detail=24, quality=65))
        for seed in range(images)
    ]


def write_copies(root: Path, originals: list[tuple[str, bytes]], copies: int) -> None:
    """Writes `copies` pictures made from every image, no two of them alike."""
    with ProcessPoolExecutor() as processes:
        list(processes.map(_write_copies, repeat(root), count(), originals, repeat(copies), chunksize=16))


def _write_copies(root: Path, number: int, original: tuple[str, bytes], copies: int) -> None:
    label, data = original
    (root / label).mkdir(parents=True, exist_ok=True)
    for copy in range(copies):
        (root / label / f"{number:06d}-{copy:02d}.jpg").write_bytes(varied(data, seed=number * copies + copy))


def varied(jpeg: bytes, seed: int) -> bytes:
    """Another view of a picture: a random part of it, maybe mirrored, as large as before."""
    random = np.random.default_rng(seed)
    with Image.open(io.BytesIO(jpeg)) as image:
        size = image.size
        share = random.uniform(0.55, 0.85)
        part = [max(1, int(side * share)) for side in size]
        left, top = (int(random.integers(0, side - kept + 1)) for side, kept in zip(size, part, strict=True))
        view = image.crop((left, top, left + part[0], top + part[1])).resize(size)
    if random.integers(2):
        view = view.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    file = io.BytesIO()
    view.save(file, "JPEG", quality=85)
    return file.getvalue()


def write_enlarged(root: Path, originals: list[tuple[str, bytes]], shorter: int) -> None:
    """Writes every image as large as a camera makes it: `shorter` pixels on its shorter side."""
    with ProcessPoolExecutor() as processes:
        list(processes.map(_write_enlarged, repeat(root), count(), originals, repeat(shorter)))


def _write_enlarged(root: Path, number: int, original: tuple[str, bytes], shorter: int) -> None:
    label, data = original
    (root / label).mkdir(parents=True, exist_ok=True)
    with Image.open(io.BytesIO(data)) as image:
        scale = shorter / min(image.size)
        width, height = (round(side * scale) for side in image.size)
        image.resize((width, height)).save(root / label / f"{number:06d}.jpg", quality=90)


def change(root: Path, every: int, comment: str) -> None:
    """Gives each `every`-th file other bytes, by one more comment."""
    for path in sorted(root.glob("*/*.jpg"))[::every]:
        path.write_bytes(with_comment(path.read_bytes(), comment))


def write_small_images(root: Path, classes: int, images: int) -> None:
    """Writes `images` different pictures of 64 by 64 pixels into each of `classes` folders."""
    for label in range(classes):
        folder = root / f"class-{label:04d}"
        folder.mkdir(parents=True)
        for number in range(images):
            picture = _picture(label * images + number, (64, 64), detail=8, quality=75)
            (folder / f"{number:04d}.jpg").write_bytes(picture)


def with_comment(jpeg: bytes, comment: str) -> bytes:
    """The JPEG with a COM segment behind its first one (ITU-T T.81, B.2.4.5); its pixels stay the same."""
    first_ends = 4 + int.from_bytes(jpeg[4:6], "big")
    text = comment.encode()
    segment = b"\xff\xfe" + (2 + len(text)).to_bytes(2, "big") + text
    return jpeg[:first_ends] + segment + jpeg[first_ends:]


def _picture(seed: int, size: tuple[int, int], detail: int, quality: int) -> bytes:
    """Smooth random colours with some grain, as JPEG: about as many bytes as a photograph has."""
    random = np.random.default_rng(seed)
    colours = Image.fromarray(random.integers(0, 256, (detail, detail, 3), dtype=np.uint8))
    smooth = np.asarray(colours.resize(size, Image.Resampling.BICUBIC), np.int16)
    grain = random.integers(-6, 7, (size[1], size[0], 1), dtype=np.int16)
    file = io.BytesIO()
    Image.fromarray((smooth + grain).clip(0, 255).astype(np.uint8)).save(file, "JPEG", quality=quality)
    return file.getvalue()
