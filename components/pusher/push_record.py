"""What each pushed version remembers of the push."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

from pydantic import TypeAdapter
from pydantic.dataclasses import dataclass

from components.pusher.notes import read_note
from serving.contract import version_folders

# TensorFlow Serving passes over what it does not know in assets.extra.
RECORD_FILE: Final = "assets.extra/push.json"


@dataclass(frozen=True)
class PushRecord:
    """Where a version comes from.

    Attributes:
        model: URI of the Model artifact.
        replaces: the version that was newest before; 0 when there was none.
        baseline: URI of the Model artifact that it was compared with; empty when there was none.
        evaluation: the settings it was evaluated by, as JSON.
        run: id of the run that pushed it; empty when that is not known.
    """

    model: str
    replaces: int = 0
    baseline: str = ""
    evaluation: str = ""
    run: str = ""

    def write(self, version_dir: Path) -> None:
        """Writes the record into a version's folder."""
        path = version_dir / RECORD_FILE
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(_RECORD.dump_json(self))


_RECORD = TypeAdapter(PushRecord)


@dataclass(frozen=True)
class Production:
    """The newest complete version, which is what a model server answers with.

    Attributes:
        version: its number; 0 when there is none.
        folder: of the version; its name may have zeros before the number. That of all versions when there is
            none.
        record: None when there is none, or when another tool pushed it.
    """

    version: int
    folder: Path
    record: PushRecord | None

    def holds(self, model: str) -> bool:
        """Whether it is this model, named by its artifact's URI."""
        return self.record is not None and self.record.model == model

    def replaced_by(self, model: str) -> int:
        """The version that a push of this model replaces, or replaced when it is in production.

        It stays the same while the model is in production, so that a push
        with nothing to do is found in the cache; and it differs once another
        model has been pushed, so that going back is a push of its own.
        """
        return self.record.replaces if self.record is not None and self.holds(model) else self.version

    def baseline_for(self, model: str, evaluation: str) -> str | None:
        """URI of the model that this one has to be no worse than; None when there is none.

        That is the model in production. When it is in production itself, an
        unchanged run repeats the comparison it was pushed by; under other
        settings it is compared with nothing, as it replaces nothing.

        Args:
            model: URI of the candidate.
            evaluation: settings, as JSON.
        """
        if self.record is None:
            return None
        if not self.holds(model):
            return self.record.model
        return (self.record.baseline or None) if self.record.evaluation == evaluation else None


def production(model_dir: Path) -> Production:
    """Looks at what is in production.

    Args:
        model_dir: holds one folder a version.

    Raises:
        ConfigError: its record is damaged.
    """
    versions = version_folders(model_dir)
    if not versions:
        return Production(0, model_dir, None)
    newest = max(versions)
    return Production(newest, versions[newest], _record(versions[newest]))


def pushed_by(model_dir: Path, run: str) -> int | None:
    """The version that this run has pushed, were it in an attempt that was killed right after; None for none.

    Args:
        model_dir: holds one folder a version.
        run: its id.
    """
    return _newest(model_dir, lambda record: record.run == run)


def version_of(model_dir: Path, model: str) -> int | None:
    """The newest version that is this model; None where none is, or none is left.

    Args:
        model_dir: holds one folder a version.
        model: URI of the Model artifact.
    """
    return _newest(model_dir, lambda record: record.model == model)


def _newest(model_dir: Path, wanted: Callable[[PushRecord], bool]) -> int | None:
    for version, folder in reversed(version_folders(model_dir).items()):
        try:
            record = _record(folder)
        except PermissionError:  # Somebody else's, of another model.
            continue
        if record is not None and wanted(record):
            return version
    return None


def _record(version_dir: Path) -> PushRecord | None:
    path = version_dir / RECORD_FILE
    return read_note(path, _RECORD) if path.is_file() else None
