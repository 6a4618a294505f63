"""img2dataset: it downloads, so it gets `file://` addresses, and no server takes time from it.

Everything that it can leave out is left out: decoding, resizing, encoding,
hashes, EXIF. It writes tar files; its TFRecords would need tensorflow-io,
which follows TensorFlow's versions only from afar.
"""

from __future__ import annotations

import csv
from pathlib import Path

import img2dataset.main  # noqa: F401  (loaded before the clock starts)
from img2dataset import download

from tests.benchmarks.contestants.class_folders import labelled_files

_PROCESSES = 2


def fastest(images: Path, output: Path) -> None:
    """Two processes of two threads each."""
    _download(images, output, threads=2)


def _download(images: Path, output: Path, threads: int) -> None:
    output.mkdir(parents=True)
    files = labelled_files(images)
    addresses = output.with_suffix(".csv")
    with addresses.open("w", newline="") as file:
        csv.writer(file).writerows(
            [("url", "label"), *((Path(path).as_uri(), label) for path, label in files)]
        )
    download(
        url_list=str(addresses),
        input_format="csv",
        output_folder=str(output),
        output_format="webdataset",
        save_additional_columns=["label"],
        number_sample_per_shard=max(10, -(-len(files) // (2 * _PROCESSES))),
        processes_count=_PROCESSES,
        thread_count=threads,
        resize_mode="no",
        skip_reencode=True,
        disable_all_reencoding=True,
        extract_exif=False,
        compute_hash=None,
        disallowed_header_directives=[],
    )
