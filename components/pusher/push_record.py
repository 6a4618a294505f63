"""What each pushed version remembers: which model it is, and which version it replaced."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from pydantic import TypeAdapter
from pydantic.dataclasses import dataclass

from serving.contract import model_versions

# TensorFlow Serving passes over what it does not know in assets.extra.
RECORD_FILE: Final = "assets.extra/push.json"


@dataclass(frozen=True)
class PushRecord:
    """Where a version comes from.

    Attributes:
        model: URI of the Model artifact.
        replaces: the version that was newest before; 0 when there was none.
    """

    model: str
    replaces: int

    def write(self, version_dir: Path) -> None:
        """Writes the record into a version's folder."""
        path = version_dir / RECORD_FILE
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(TypeAdapter(PushRecord).dump_json(self))


def plan_push(model_dir: Path, model: str) -> PushRecord:
    """The record that a push of this model has, or would have.

    It is the same as long as the model is the newest version, so a push that
    has nothing to do is found in the cache, and it differs once another model
    has been pushed: going back to an earlier model is a push of its own.

    Args:
        model_dir: holds one folder a version.
        model: URI of the Model artifact.
    """
    versions = model_versions(model_dir)
    if not versions:
        return PushRecord(model, replaces=0)
    newest = model_dir / str(versions[-1]) / RECORD_FILE
    if newest.is_file():
        record = TypeAdapter(PushRecord).validate_json(newest.read_bytes())
        if record.model == model:
            return record
    return PushRecord(model, replaces=versions[-1])
