"""mosaicml-streaming: MDSWriter. Its defaults neither compress nor hash."""

from __future__ import annotations

from multiprocessing import get_context
from pathlib import Path

from streaming import MDSWriter
from streaming.base.util import merge_index

from tests.benchmarks.contestants.class_folders import labelled_files

_COLUMNS = {"image": "bytes", "label": "int"}


def one_process(images: Path, output: Path) -> None:
    """One process, as its documentation shows it."""
    _write_part(labelled_files(images), output)


def two_processes(images: Path, output: Path) -> None:
    """Two processes with a writer each, the indices merged in the end, as its documentation advises."""
    files = labelled_files(images)
    with get_context("fork").Pool(2) as pool:
        pool.starmap(_write_part, [(files[part::2], output / str(part)) for part in range(2)], chunksize=1)
    merge_index(str(output), keep_local=True)


def _write_part(files: list[tuple[str, int]], output: Path) -> None:
    with MDSWriter(columns=_COLUMNS, out=str(output)) as writer:
        for path, label in files:
            with open(path, "rb") as file:
                writer.write({"image": file.read(), "label": label})
