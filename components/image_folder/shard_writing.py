"""Reading a work unit's files once, and writing its shards."""

from __future__ import annotations

import hashlib
import os
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import tensorflow as tf

from components.image_folder.decode_check import check_decodes
from components.image_folder.example_encoding import encode_example
from components.image_folder.image_inspection import UnusableImageError, inspect_image
from components.image_folder.listing import ImageFile
from components.image_folder.manifest import Entry
from components.image_folder.settings import SplitFractions
from components.image_folder.split_assignment import assign_split
from components.image_folder.work_units import WorkUnit

# Files read ahead of the writer; bounds the memory a worker holds.
_WINDOW = 64


def split_folder(artifact: Path, split: str) -> Path:
    """Where TFX looks for a split of an Examples artifact."""
    return artifact / f"Split-{split}"


def write_shards(
    unit: WorkUnit, root: Path, labels: Sequence[str], fractions: SplitFractions, artifact: Path
) -> list[Entry]:
    """Reads, checks and writes each file of the unit; one pass over the bytes.

    A file that is no usable image is set aside in its entry and fails nothing.

    Returns:
        One entry a file, in the order in which accepted images were written.
    """
    ids = {label: position for position, label in enumerate(labels)}
    entries: list[Entry] = []
    with ExitStack() as open_shards:
        writers: dict[str, tf.io.TFRecordWriter] = {}
        for entry, record in _read_files(unit.files, root, ids, fractions):
            entries.append(entry)
            if entry.split is None:
                continue
            if entry.split not in writers:
                folder = split_folder(artifact, entry.split)
                folder.mkdir(parents=True, exist_ok=True)
                # Uncompressed: image files do not shrink, and readers go by the extension.
                writers[entry.split] = open_shards.enter_context(
                    tf.io.TFRecordWriter(str(folder / unit.shard_name))
                )
            writers[entry.split].write(record)
    return entries


def drop_records(unit: WorkUnit, entries: Sequence[Entry], unwanted: Collection[str], artifact: Path) -> None:
    """Takes images out of the unit's shards again; shards without an unwanted one are left alone.

    Args:
        unit: the unit as it was written.
        entries: what `write_shards` returned for it.
        unwanted: paths of the images to take out.
        artifact: root of the Examples artifact.
    """
    written: defaultdict[str, list[str]] = defaultdict(list)
    for entry in entries:
        if entry.split is not None:
            written[entry.split].append(entry.path)
    for split, paths in written.items():
        kept = [path not in unwanted for path in paths]
        if all(kept):
            continue
        shard = split_folder(artifact, split) / unit.shard_name
        if any(kept):
            rewritten = shard.with_suffix(".rewriting")
            with tf.io.TFRecordWriter(str(rewritten)) as writer:
                for keep, record in zip(
                    kept, tf.data.TFRecordDataset(str(shard)).as_numpy_iterator(), strict=True
                ):
                    if keep:
                        writer.write(record)
            rewritten.replace(shard)
        else:
            shard.unlink()


def _read_files(
    files: Sequence[ImageFile], root: Path, ids: dict[str, int], fractions: SplitFractions
) -> Iterator[tuple[Entry, bytes]]:
    """Entries with their records, in the order of `files`; reading and checking run in threads."""

    def read(file: ImageFile) -> tuple[Entry, bytes]:
        return _read_file(file, root, ids[file.label], fractions)

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for start in range(0, len(files), _WINDOW):
            yield from pool.map(read, files[start : start + _WINDOW])


def _read_file(file: ImageFile, root: Path, label_id: int, fractions: SplitFractions) -> tuple[Entry, bytes]:
    try:
        data = (root / file.path).read_bytes()
    except OSError as error:
        reason = f"the file cannot be read ({error.strerror})"
        return Entry(file.path, file.label, reason=reason), b""
    sha256 = hashlib.sha256(data).hexdigest()
    try:
        facts = inspect_image(data)
        check_decodes(data, facts.format)
    except UnusableImageError as error:
        return Entry(file.path, file.label, sha256, reason=str(error)), b""
    record = encode_example(data, facts, path=file.path, sha256=sha256, label=file.label, label_id=label_id)
    return Entry(file.path, file.label, sha256, assign_split(sha256, fractions)), record
