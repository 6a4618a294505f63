from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from PIL import Image

from tests.benchmarks import corpus


def test_copies_differ_in_bytes_alone(tmp_path: Path) -> None:
    originals = corpus.photographs(None, count=4)
    corpus.write_copies(tmp_path, originals, 3)
    written = {path: path.read_bytes() for path in sorted(tmp_path.glob("*/*.jpg"))}
    assert len(written) == len(set(written.values())) == 12
    assert {path.parent.name for path in written} == {"a", "b"}
    pixels = [np.asarray(Image.open(io.BytesIO(data))) for data in (originals[0][1], *written.values())]
    assert len({image.tobytes() for image in pixels}) == 4
    assert (pixels[0] == pixels[1]).all()


def test_every_so_many_files_change(tmp_path: Path) -> None:
    corpus.write_copies(tmp_path, corpus.photographs(None, count=4), 3)
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
