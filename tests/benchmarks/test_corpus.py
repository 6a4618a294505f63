from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from PIL import Image

from tests.benchmarks import corpus


def test_copies_are_other_views_of_the_same_size(tmp_path: Path) -> None:
    originals = corpus.photographs(None, images=4)
    corpus.write_copies(tmp_path, originals, 3)
    written = [path.read_bytes() for path in sorted(tmp_path.glob("*/*.jpg"))]
    assert {path.parent.name for path in tmp_path.glob("*/*.jpg")} == {"a", "b"}
    pixels = [np.asarray(Image.open(io.BytesIO(data))) for data in written]
    assert len({image.tobytes() for image in pixels}) == 12
    assert {image.shape for image in pixels} == {np.asarray(Image.open(io.BytesIO(originals[0][1]))).shape}
    size = sum(map(len, written)) / 12
    assert 0.5 < size / len(originals[0][1]) < 2


def test_enlarged_images_are_the_same_pictures(tmp_path: Path) -> None:
    originals = corpus.photographs(None, images=2)
    corpus.write_enlarged(tmp_path, originals, 748)
    for (label, data), path in zip(originals, sorted(tmp_path.glob("*/*.jpg")), strict=True):
        with Image.open(path) as large, Image.open(io.BytesIO(data)) as small:
            assert (path.parent.name, large.size, large.format) == (label, (890, 748), "JPEG")
            difference = np.abs(np.asarray(large.resize(small.size), int) - np.asarray(small, int))
            assert difference.mean() < 5


def test_every_so_many_files_change(tmp_path: Path) -> None:
    corpus.write_copies(tmp_path, corpus.photographs(None, images=4), 3)
    before = {path: path.read_bytes() for path in tmp_path.glob("*/*.jpg")}
    corpus.change(tmp_path, every=5, comment="again")
    changed = [path for path, data in before.items() if path.read_bytes() != data]
    assert len(changed) == 3
    now, then = (np.asarray(Image.open(file)) for file in (changed[0], io.BytesIO(before[changed[0]])))
    assert (now == then).all()


def test_small_images_are_all_different(tmp_path: Path) -> None:
    corpus.write_small_images(tmp_path, classes=3, images=4)
    pixels = [np.asarray(Image.open(path)).tobytes() for path in tmp_path.glob("class-*/*.jpg")]
    assert len(pixels) == len(set(pixels)) == 12
