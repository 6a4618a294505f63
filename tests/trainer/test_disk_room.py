"""What becomes of files that are mapped into memory when the disk is full."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from tests.own_process import run_apart
from trainer.disk_room import take_room
from trainer.features.feature_cache import FeatureCache
from trainer.images.pixel_store import PixelStore


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 256 KiB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", folder], check=False)
    if mount.returncode:
        pytest.skip("mounting is not allowed here")
    try:
        yield folder
    finally:
        subprocess.run(["umount", folder], check=True)


def test_a_file_takes_the_room_that_it_will_need(tmp_path: Path) -> None:
    path = tmp_path / "sparse"
    with path.open("wb") as file:
        file.truncate(2**20)
    assert path.stat().st_blocks * 512 < 2**20
    take_room(path)
    assert path.stat().st_blocks * 512 >= 2**20


def _resize(folder: Path) -> None:
    images = PixelStore(np.zeros((100, 64, 64, 3), np.uint8), np.zeros(100, np.int64))
    images.resized(32, folder / "pixels")


def _keep_features(folder: Path) -> None:
    keys = [f"{number:064x}" for number in range(100)]
    FeatureCache(folder, 2**30).features("k", keys, lambda missing: iter([[np.ones((100, 1024))]]))


def _fails_on_a_full_disk(use: Callable[[Path], None], folder: Path) -> None:
    with pytest.raises(OSError, match="No space left on device") as failure:
        use(folder)
    assert str(failure.value.filename).startswith(f"{folder}/")


# Left to itself, the process would end with SIGBUS.
@pytest.mark.parametrize("use", [_resize, _keep_features])
def test_a_full_disk_is_an_error_that_names_the_file(
    small_disk: Path, tmp_path: Path, use: Callable[[Path], None]
) -> None:
    log = tmp_path / "log"
    assert run_apart(log, _fails_on_a_full_disk, use, small_disk) == 0, log.read_text()[-3000:]
