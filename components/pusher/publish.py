"""Copying a SavedModel to where a model server looks, in one step as the server sees it."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
import time
from collections.abc import Sequence
from itertools import zip_longest
from pathlib import Path
from typing import Final

from components.contract import KERAS_MODEL_FILE, PUSHED_KERAS_MODEL, ConfigError
from components.label_map import read_labels
from components.pusher.ledger import Ledger
from components.pusher.push_record import PushRecord
from serving.contract import LABELS_ASSET, LAST_VERSION, version_number

_ABANDONED_SECONDS: Final = 24 * 3600
_INCOMING: Final = ".incoming-"


def publish(saved_model: Path, model_dir: Path, record: PushRecord) -> int:
    """Publishes a SavedModel as the next version in `model_dir`.

    The files are copied to a hidden folder beside the versions, flushed to
    disk, and renamed: a server that polls the folder, or a run that is
    killed, sees a complete version or none. Stock Pusher copies into the
    version's own folder, and names it after the second of the push.

    Args:
        saved_model: directory to publish; a Keras model that lies beside it goes along.
        model_dir: holds one folder a version, named by whole numbers from 1.
        record: written into the version.

    Returns:
        The version; a number that was never used before.

    Raises:
        ConfigError: labels were published since the model got its own, under ids that mean others to it; or
            no version is left.
    """
    labels = read_labels(saved_model / LABELS_ASSET)
    _require_ids_kept(labels, Ledger.read(model_dir).labels)
    model_dir.mkdir(parents=True, exist_ok=True)
    _remove_leftovers(model_dir)
    with tempfile.TemporaryDirectory(prefix=_INCOMING, dir=model_dir) as incoming:
        copy = Path(incoming) / "model"
        shutil.copytree(saved_model, copy)
        record.write(copy)
        if (keras_model := saved_model.parent / KERAS_MODEL_FILE).is_file():
            shutil.copy(keras_model, copy / PUSHED_KERAS_MODEL)
        for folder, _, names in os.walk(copy):
            for path in (*(os.path.join(folder, name) for name in names), folder):
                _flush(path)
        version = _next_version(model_dir, labels)
        while not _renamed(copy, model_dir / str(version)):
            version = _next_version(model_dir, labels)
    _flush(model_dir)
    return version


def _require_ids_kept(labels: Sequence[str], published: Sequence[str]) -> None:
    """Another run may have published new labels meanwhile, and its version may be gone again."""
    for number, (meant, own) in enumerate(zip_longest(published, labels[: len(published)])):
        if meant != own:
            now = "is no label" if own is None else f"means '{own}'"
            raise ConfigError(
                f"New labels have been published meanwhile: id {number} means '{meant}' to clients, and "
                f"{now} to this model, so it is not pushed. Run it again."
            )


def _next_version(model_dir: Path, labels: tuple[str, ...]) -> int:
    """A number that is noted before anybody can see the version, with its labels.

    Were it noted afterwards, a push that is killed in between, and whose version is taken back, would leave
    no trace: its number and its ids would come again, for another model and for other classes.
    """
    version = Ledger.read(model_dir).last_version + 1
    if version_number(str(version)) is None:
        raise ConfigError(
            f"{model_dir} knows version {version - 1} already, and servers take no version above "
            f"{LAST_VERSION}. Use another name or workspace."
        )
    Ledger(version, labels).write(model_dir)
    return version


def _renamed(copy: Path, target: Path) -> bool:
    """Whether the name was still free: other tools that push wait for nobody."""
    try:
        copy.rename(target)
    except OSError:
        if not target.exists():
            raise
        return False
    return True


def _remove_leftovers(model_dir: Path) -> None:
    """Removes what killed pushes left; a push that is under way is younger than that."""
    for leftover in model_dir.glob(f"{_INCOMING}*"):
        with contextlib.suppress(FileNotFoundError):  # Another push may have just finished with it.
            if time.time() - leftover.stat().st_mtime > _ABANDONED_SECONDS:
                shutil.rmtree(leftover)


def _flush(path: str | Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
