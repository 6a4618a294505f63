"""Label ids: positions in a label file, which never move once published."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from components.contract import DataError


def extend_labels(published: Sequence[str], found: Iterable[str]) -> tuple[str, ...]:
    """The label file of this run: the published names as they stand, then new ones, sorted.

    Args:
        published: label names of the model in production, in id order.
        found: label names of the class folders.

    Raises:
        DataError: a published class is gone, so that its id would come to
            mean nothing to the clients that know it.
    """
    found_names = set(found)
    gone = [name for name in published if name not in found_names]
    if gone:
        new = sorted(found_names - set(published))
        raise DataError(
            f"The published label {_quoted(gone)} has no class folder any more"
            + (f" (new here: {_quoted(new)})" if new else "")
            + ". Clients know labels by their ids, so none may vanish or be renamed: restore the folder, "
            "or publish as another model with --set name=NEW-NAME."
        )
    return (*published, *sorted(found_names - set(published)))


def read_labels(path: Path) -> tuple[str, ...]:
    """Reads a label file: UTF-8, one name a line, the line number is the id."""
    return tuple(path.read_text("utf-8").splitlines())


def write_labels(path: Path, labels: Sequence[str]) -> None:
    """Writes a label file that `read_labels` reads back."""
    path.write_text("".join(f"{label}\n" for label in labels), "utf-8")


def _quoted(names: Sequence[str]) -> str:
    return ", ".join(f"'{name}'" for name in names)
