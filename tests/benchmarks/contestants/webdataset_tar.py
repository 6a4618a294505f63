"""webdataset: ShardWriter, tar files. Without its encoder it takes bytes as they are."""

from __future__ import annotations

from multiprocessing import get_context
from pathlib import Path

from webdataset import ShardWriter

from tests.benchmarks.contestants.class_folders import labelled_files


def one_process(images: Path, output: Path) -> None:
    """As its documentation shows it."""
    _write_part(0, labelled_files(images), output)


def two_processes(images: Path, output: Path) -> None:
    """A writer each, on half of the files."""
    files = labelled_files(images)
    with get_context("fork").Pool(2) as pool:
        pool.starmap(_write_part, [(part, files[part::2], output) for part in range(2)], chunksize=1)


def _write_part(part: int, files: list[tuple[str, int]], output: Path) -> None:
    output.mkdir(parents=True, exist_ok=True)
    with ShardWriter(f"{output}/{part}-%06d.tar", verbose=0, encoder=False, mtime=0) as writer:
        for key, (path, label) in enumerate(files):
            with open(path, "rb") as file:
                writer.write({"__key__": f"{part}-{key:08d}", "jpg": file.read(), "cls": b"%d" % label})
