"""Splits that a layout gives: what they may be called, and what follows when some are missing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from components.contract import EVAL, SPLITS, TEST, TRAIN, DataError
from components.image_folder.files.listing import ImageFile

_NAMES: Final = {
    TRAIN: ("train", "training", "trn"),
    EVAL: ("val", "valid", "validation", "eval", "dev"),
    TEST: ("test", "testing", "holdout"),
}
SPLIT_NAMES: Final = {name: split for split, names in _NAMES.items() for name in names}


def split_called(name: str) -> str | None:
    """The split of this name, in upper or lower case; None when no split is called so."""
    return SPLIT_NAMES.get(name.lower())


def leave_open(files: Sequence[ImageFile], root: str) -> tuple[list[ImageFile], tuple[str, ...]]:
    """Files and the splits among which the content decides for those without one.

    Where every file has a split but eval or test is missing, the missing
    ones are taken out of train: its files then have no split of their own.

    Args:
        files: with the splits that the layout gives.
        root: what to call the images in an error.

    Raises:
        DataError: there is nothing to train on.
    """
    given = {file.split for file in files}
    if None in given:
        return list(files), SPLITS
    missing = [split for split in SPLITS if split not in given]
    if TRAIN in missing:
        raise DataError(
            f"{root} gives splits ({', '.join(sorted(map(str, given)))}), but none to train on. "
            "Add a train split."
        )
    if not missing:
        return list(files), ()
    opened = [file._replace(split=None) if file.split == TRAIN else file for file in files]
    return opened, (TRAIN, *missing)
