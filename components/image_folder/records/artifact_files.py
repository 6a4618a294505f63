"""Where things are in an Examples artifact."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def shard_path(examples_dir: Path, split: str, unit_name: str) -> Path:
    """Where TFX looks for a split of an Examples artifact, and a unit's file in it."""
    return examples_dir / f"Split-{split}" / f"{unit_name}.tfrecord"


def manifest_path(examples_dir: Path, unit: int) -> Path:
    """The manifest of a unit."""
    return examples_dir / "manifest" / f"{unit:05d}.jsonl"


def plan_dir(examples_dir: Path) -> Path:
    """What each unit is to do, as long as ingest runs."""
    return examples_dir / "plan"


def keep_aside(file: Path, examples_dir: Path) -> Path:
    """Moves a file to where nothing writes to it as long as ingest runs, unless it was moved there before.

    Returns:
        Where it is now.
    """
    kept = plan_dir(examples_dir) / "kept" / file.relative_to(examples_dir)
    if not kept.exists():
        kept.parent.mkdir(parents=True, exist_ok=True)
        file.replace(kept)
    return kept


@contextmanager
def written_whole(file: Path, examples_dir: Path) -> Iterator[Path]:
    """Gives a path to write to, and puts what was written there in the file's place once it is whole.

    A runner that loses a worker gives its unit to another one, while the first may still be writing:
    neither ever sees, or cuts short, what the other has in hand. Nothing that is half written lies where
    TFX looks for shards.

    Args:
        file: to be written.
        examples_dir: root of the Examples artifact.
    """
    partial = plan_dir(examples_dir) / f"{uuid.uuid4().hex}.partial"
    partial.parent.mkdir(parents=True, exist_ok=True)
    yield partial
    file.parent.mkdir(parents=True, exist_ok=True)
    partial.replace(file)
