"""Label ids: positions in a label file, which never move once published."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from components.contract import DataError


def extend_labels(published: Sequence[str], found: Sequence[str], *, pinned: bool = False) -> tuple[str, ...]:
    """The label file of this run: the published names as they stand, then new ones.

    Args:
        published: label names of the model in production, in id order.
        found: label names of the images, in the order in which new ids are given out.
        pinned: whether that order comes from a label file, which has to agree with what is published.

    Raises:
        DataError: a published class is gone, so that its id would come to
            mean nothing to the clients that know it; or the label file gives another id to one.
    """
    new = [name for name in found if name not in published]
    gone = [name for name in published if name not in found]
    if gone:
        raise DataError(
            f"The published {'labels' if len(gone) > 1 else 'label'} {_quoted(gone)} "
            f"{'have' if len(gone) > 1 else 'has'} no images any more"
            + (f" (new here: {_quoted(new)})" if new else "")
            + ". Clients know labels by their ids, so none may vanish or be renamed: restore them, "
            "or publish as another model with --set name=NEW-NAME."
        )
    if pinned and tuple(found[: len(published)]) != tuple(published):
        raise DataError(
            f"data.labels.file gives other ids than are published: those begin with {_quoted(published)}, in "
            "this order. Put the lines into that order, or publish as another model with --set name=NEW-NAME."
        )
    return (*published, *new)


def read_labels(path: Path) -> tuple[str, ...]:
    """Reads a label file: UTF-8, one name a line, the line number is the id."""
    return tuple(path.read_text("utf-8").splitlines())


def write_labels(path: Path, labels: Sequence[str]) -> None:
    """Writes a label file that `read_labels` reads back."""
    path.write_text("".join(f"{label}\n" for label in labels), "utf-8")


def _quoted(names: Sequence[str]) -> str:
    return ", ".join(f"'{name}'" for name in names)
