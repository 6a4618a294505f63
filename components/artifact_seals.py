"""What artifacts held when they were made: TFX remembers what they were made of, and not what is in them."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from tfx.proto.orchestration.execution_result_pb2 import ExecutorOutput
    from tfx.types.artifact import Artifact

_SEAL: Final = "imgclf_seal"
# Histories and pictures are for people, who may tidy them away.
_UNSEALED: Final = ("model_run",)
# TensorFlow finds a damaged record itself, and there may be as much of them as of images.
_CHECKED_WHEN_READ: Final = ".tfrecord"
_CHUNK: Final = 2**20


def seal_outputs(output: ExecutorOutput) -> None:
    """Notes in each artifact that an executor made what is in its folder now."""
    for key, made in output.output_artifacts.items():
        for each in made.artifacts:
            if key not in _UNSEALED and Path(each.uri).is_dir():
                each.custom_properties[_SEAL].string_value = _digest(Path(each.uri))


def is_unbroken(artifact: Artifact) -> bool:
    """Whether an artifact holds what it held when it was made; those without a seal are taken as they are."""
    seal = artifact.get_string_custom_property(_SEAL)
    return not seal or seal == _digest(Path(artifact.uri))


def _digest(folder: Path) -> str:
    """Hexadecimal SHA-256 of the names, sizes and contents of all files; of shards without the contents."""
    total = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if not path.is_file():
            continue
        total.update(repr((path.relative_to(folder).parts, path.stat().st_size)).encode())
        if path.suffix != _CHECKED_WHEN_READ:
            with path.open("rb") as file:
                while chunk := file.read(_CHUNK):
                    total.update(chunk)
    return total.hexdigest()
