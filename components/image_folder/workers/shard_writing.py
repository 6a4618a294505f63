"""Writing a work unit's shards, and putting images elsewhere once all units are known."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

from components.image_folder.inspection.examination import Examiner
from components.image_folder.records.artifact_files import keep_aside, shard_path, written_whole
from components.image_folder.records.manifest import Entry, Record
from components.image_folder.records.record_file import RecordWriter
from components.image_folder.workers.examining_files import examine_files
from components.image_folder.workers.reuse import Reusable
from components.image_folder.workers.work_units import WorkUnit


def write_unit(
    unit: WorkUnit, examiner: Examiner, examples_dir: Path, reusable: Reusable | None, threads: int
) -> list[Entry]:
    """Writes each image of the unit to the split where its own content says it belongs.

    Args:
        unit: which files.
        examiner: looks at those that are new or have changed.
        examples_dir: root of the Examples artifact.
        reusable: what an earlier run knows of the others.
        threads: how many files are read and decoded in.

    Returns:
        One entry a file, in the order of the unit.
    """
    entries: list[Entry] = []
    with ExitStack() as open_shards:
        writers: dict[str, RecordWriter] = {}
        for entry, example in examine_files(unit.files, examiner, threads, reusable):
            if entry.split is None:
                entries.append(entry)
                continue
            if entry.split not in writers:
                path = shard_path(examples_dir, entry.split, unit.name)
                partial = open_shards.enter_context(written_whole(path, examples_dir))
                writers[entry.split] = open_shards.enter_context(RecordWriter(partial))
            writer = writers[entry.split]
            # A record that lies somewhere already is framed already.
            offset, length = writer.copy(example[0]) if entry.record else writer.write(example)
            entries.append(entry.with_record(Record(entry.split, offset, length)))
    return entries


def settle_unit(
    unit_name: str, entries: Sequence[Entry], moved: Mapping[str, str | None], examples_dir: Path
) -> list[Entry]:
    """Puts images into other splits, or takes them out; shards that keep all of theirs are left alone.

    Done again, it comes to the same: a runner that does not hear of a worker
    gives the unit to another one. Records are therefore read from shards
    that are kept aside.

    Args:
        unit_name: of the unit as it was written.
        entries: what `write_unit` returned for it.
        moved: path → split, or None to take the image out.
        examples_dir: root of the Examples artifact.

    Returns:
        The entries, with where their images are now.
    """
    wanted: defaultdict[str, list[int]] = defaultdict(list)
    touched: set[str] = set()
    for position, entry in enumerate(entries):
        if entry.record is None:
            continue
        split = moved.get(entry.path, entry.record.split)
        if split is not None:
            wanted[split].append(position)
        if split != entry.record.split:
            touched |= {entry.record.split, split or entry.record.split}
    settled = [entry.with_record(None) if moved.get(entry.path, "") is None else entry for entry in entries]
    with ExitStack() as files:
        old = {}
        for split in touched & {entry.record.split for entry in entries if entry.record}:
            kept = keep_aside(shard_path(examples_dir, split, unit_name), examples_dir)
            old[split] = files.enter_context(kept.open("rb"))
        for split in sorted(touched):
            path = shard_path(examples_dir, split, unit_name)
            if not wanted[split]:
                path.unlink(missing_ok=True)
                continue
            with written_whole(path, examples_dir) as partial, RecordWriter(partial) as writer:
                for position in wanted[split]:
                    record = entries[position].record
                    assert record is not None
                    old[record.split].seek(record.offset)
                    span = writer.copy(old[record.split].read(record.length))
                    settled[position] = entries[position].with_record(Record(split, *span))
    return settled
