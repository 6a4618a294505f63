"""Processes that do not see certain folders, as those on another machine would not."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from tests.cluster.google_cloud.not_possible_here import NotPossibleHereError

# In a mount namespace of its own: an empty folder, that nothing can be written to, over each up to `--`.
_HIDE: Final = (
    'while [ "$1" != -- ]; do mount -t tmpfs -o ro,size=4k hidden "$1"; shift; done; shift; exec "$@"'
)


def without(hidden: Iterable[Path], command: Sequence[str]) -> list[str]:
    """The command that runs `command` where `hidden` are empty."""
    # A user who is not root becomes it, inside.
    root = [] if os.geteuid() == 0 else ["--map-root-user"]
    unshared = ["unshare", *root, "--mount", "--propagation", "private"]
    return [*unshared, "sh", "-ec", _HIDE, "sh", *map(str, _outermost(hidden)), "--", *command]


def check_hidden(hidden: Sequence[Path], seen: Iterable[Path]) -> None:
    """Checks that folders can be hidden.

    Args:
        hidden: what must not be seen.
        seen: what has to be.

    Raises:
        ValueError: one of `hidden` is not there, or has one of `seen` in it.
        NotPossibleHereError: processes cannot have mounts of their own here.
    """
    for folder in hidden:
        if not folder.is_dir():
            raise ValueError(f"{folder} cannot be hidden: it is not a folder")
        for needed in seen:
            if needed.resolve().is_relative_to(folder.resolve()):
                raise ValueError(f"{folder} cannot be hidden: {needed} has to be seen")
    try:
        done = subprocess.run(without(hidden, ["true"]), capture_output=True, text=True)
    except FileNotFoundError as error:
        raise NotPossibleHereError(str(error)) from None
    if done.returncode:
        raise NotPossibleHereError(f"folders cannot be hidden from a process here: {done.stderr.strip()}")


def _outermost(folders: Iterable[Path]) -> list[Path]:
    """Without those that lie in another one: they cannot be found any more once that is hidden."""
    resolved = {folder.resolve() for folder in folders}
    return sorted(folder for folder in resolved if not resolved & set(folder.parents))
