"""Ingest that is killed, or runs out of room: the next one starts clean and comes to the same bytes."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerProcess
from pathlib import Path

import pytest

from components.image_folder.executor import ingest
from components.image_folder.files.list_images import list_images
from components.image_folder.files.listing import fingerprint
from components.image_folder.settings import DataSettings
from components.image_folder.workers import work_units
from components.image_folder.workers.reuse import IngestKey, earlier_ingest, mark_whole
from components.image_folder.workers.worker_processes import WorkerProcesses
from tests import hazard_images as hazards
from tests.own_process import begin_apart


def _ingest(images: Path, output: Path, begun: Connection, largest_file: int | None = None) -> None:
    """Ingests a folder as the executor does, in a process of its own; says when it has begun to, from what.

    Args:
        images: the folder.
        output: folder of what comes of it, beside those of earlier ingests.
        begun: gets the name of the earlier ingest that is gone on from, or "anew".
        largest_file: size in bytes at which writing to a file fails; none unless given.
    """
    if largest_file is not None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (largest_file, largest_file))
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    work_units.MAX_UNIT_FILES = 16  # type: ignore[misc]
    settings = DataSettings(images=str(images))
    listing = list_images(settings)
    key = IngestKey.of(listing, settings, "code", "model")
    earlier = earlier_ingest(output.parent.iterdir(), key)
    begun.send(earlier.examples_dir.name if earlier else "anew")
    try:
        with WorkerProcesses(2) as workers:
            ingest(listing, settings, listing.labels, output, workers, earlier)
        mark_whole(output, key, fingerprint(listing))
    except OSError as error:
        sys.exit(error.strerror)


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """180 images in two classes, copies and near-duplicates among them, so that shards are rewritten too."""
    root = tmp_path_factory.mktemp("images")
    for label, first in (("a", 0), ("b", 1000)):
        (root / label).mkdir()
        for number in range(80):
            (root / label / f"{number}.jpg").write_bytes(hazards.jpeg(first + number, (96, 72)))
        for number in range(8):
            (root / label / f"copy{number}.jpg").write_bytes(hazards.jpeg(first + number, (96, 72)))
            near = hazards.near_duplicates(first + 20 + number, (96, 72))["compressed"]
            (root / label / f"near{number}.jpg").write_bytes(near)
    return root


@dataclass(frozen=True)
class Started:
    """An ingest in a process of its own.

    Attributes:
        begun: gives one message, from what it goes on.
        log: what it writes.
    """

    process: ForkServerProcess
    begun: Connection
    log: Path

    def end(self) -> int:
        """Waits for its end; returns its exit code."""
        self.process.join(300)
        assert self.process.exitcode is not None, "it has not ended in five minutes"
        return self.process.exitcode


def _start(images: Path, output: Path, largest_file: int | None = None) -> Started:
    output.mkdir(parents=True)
    begun, told = Pipe(duplex=False)
    log = images.parent / f"{images.name}.log"
    with told:
        process = begin_apart(log, _ingest, images, output, told, largest_file)
    return Started(process, begun, log)


def _ingested(images: Path, output: Path) -> str:
    """Ingests undisturbed; says from what."""
    started = _start(images, output)
    assert started.end() == 0, started.log.read_text()
    return str(started.begun.recv())


def _files(output: Path) -> dict[str, bytes]:
    return {
        path.relative_to(output).as_posix(): path.read_bytes() for path in output.rglob("*") if path.is_file()
    }


def _whole(images: Path, out: Path) -> bool:
    settings = DataSettings(images=str(images))
    key = IngestKey.of(list_images(settings), settings, "code", "model")
    return earlier_ingest(out.iterdir(), key) is not None


def _manifests(output: Path) -> int:
    return len(list(output.glob("manifest/*.jsonl")))


MOMENTS: dict[str, Callable[[Path], bool]] = {
    "files are listed": lambda output: True,
    "the first shard is begun": lambda output: any(output.glob("Split-*/*")),
    "some units are written": lambda output: _manifests(output) >= 4,
    "all units are written": lambda output: _manifests(output) == 16,
    "a shard is rewritten": lambda output: any(output.glob("Split-*/*.rewriting")),
    "the units are settled": lambda output: _manifests(output) == 16 and not (output / "plan").exists(),
}


def test_killed_at_any_moment_the_next_ingest_comes_to_the_same_bytes(images: Path, tmp_path: Path) -> None:
    assert _ingested(images, tmp_path / "undisturbed" / "1") == "anew"
    expected = _files(tmp_path / "undisturbed" / "1")
    assert len([name for name in expected if name.startswith("manifest/")]) == 16
    killed = []
    for moment, reached in MOMENTS.items():
        out = tmp_path / moment.replace(" ", "-")
        started = _start(images, out / "1")
        started.begun.recv()
        while started.process.is_alive() and not reached(out / "1"):
            time.sleep(0.0005)
        started.process.kill()
        code = started.end()
        whole = _whole(images, out)
        if code == -signal.SIGKILL and not whole:
            killed.append(moment)
        # What was written completely may be taken over; half of it never is.
        assert _ingested(images, out / "2") == ("1" if whole else "anew")
        assert _files(out / "2") == expected
    # The rewriting of a shard takes less than a millisecond, and may be missed.
    assert set(killed) >= set(list(MOMENTS)[:4])


def test_a_full_disk_is_an_error_and_what_is_written_is_not_taken_for_whole(
    images: Path, tmp_path: Path
) -> None:
    """A limit on the size of files fails a write in the middle of a shard, as a full disk does."""
    started = _start(images, tmp_path / "1", largest_file=40_000)
    assert started.end() == 1
    assert "File too large" in started.log.read_text()
    assert any(path.stat().st_size for path in (tmp_path / "1").rglob("*.tfrecord"))
    assert not _whole(images, tmp_path)
    assert _ingested(images, tmp_path / "2") == "anew"


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting a file system of limited size takes root")
def test_a_disk_that_is_really_full(images: Path, tmp_path: Path) -> None:
    small = tmp_path / "small"
    small.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=300k", "tmpfs", str(small)]
    if subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        pytest.skip("this machine lets nobody mount; the test above fails a write in another way")
    try:
        started = _start(images, small / "1")
        assert started.end() == 1
        assert "No space left on device" in started.log.read_text()
        assert not _whole(images, small)
    finally:
        subprocess.run(["umount", str(small)], check=True)
