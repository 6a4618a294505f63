"""Where a run keeps what it makes."""

from __future__ import annotations

import errno
import fcntl
import os
import sqlite3
import uuid
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from components.contract import ConfigError
from components.whole_file import write_whole

DEFAULT_WORKSPACE: Final = Path(".imgclf")
_LOCATION: Final = ".location"


@dataclass(frozen=True)
class Workspace:
    """A folder for metadata, artifacts, pushed models and the logs of runs.

    Attributes:
        root: absolute path.
    """

    root: Path

    @property
    def metadata(self) -> Path:
        """ML Metadata's sqlite file."""
        return self.root / "metadata.sqlite"

    @property
    def metadata_elsewhere(self) -> Path:
        """Is there when ML Metadata is in a database server, and not in a file."""
        return self.root / ".metadata-in-database"

    @property
    def artifacts(self) -> Path:
        """TFX's pipeline roots."""
        return self.root / "artifacts"

    @property
    def cache(self) -> Path:
        """What later runs may use again; may be deleted at any time between runs."""
        return self.root / "cache"

    def model_dir(self, name: str) -> Path:
        """Where versions of a model are pushed; what a model server is pointed at."""
        return self.root / "serving" / name

    def run_dir(self, run_id: str) -> Path:
        """Log, settings, summary and page of a run."""
        return self.root / "runs" / run_id


def open_workspace(root: Path) -> Workspace:
    """Creates the folder where needed, and makes sure that it can be written to.

    Raises:
        ConfigError: it cannot.
    """
    root = root.absolute()
    if set("*?[]") & set(str(root)):
        raise ConfigError(
            f"The workspace {root} has one of * ? [ ] in its path, which TFX takes for a pattern. "
            "Choose another with --workspace."
        )
    try:
        str(root).encode()
    except UnicodeEncodeError as error:
        raise ConfigError(
            f"The workspace {str(root)!a} has bytes in its path that are not UTF-8, which TFX cannot note "
            "down. Choose another with --workspace."
        ) from error
    try:
        root.mkdir(parents=True, exist_ok=True)
        probe = root / f".probe-{uuid.uuid4().hex}"
        probe.touch()
        probe.unlink()
        metadata = Workspace(root).metadata
        if metadata.exists() and not os.access(metadata, os.W_OK):
            raise PermissionError(errno.EACCES, f"{metadata.name} belongs to another user")
    except OSError as error:
        raise ConfigError(
            f"The workspace {root} cannot be written to ({error.strerror}). Choose another with --workspace."
        ) from error
    return Workspace(_as_before(root))


def _as_before(root: Path) -> Path:
    """The path that earlier runs had: one folder may have several, by links and `..`, and TFX compares them.

    Metadata holds absolute paths: a workspace that was moved would be asked for files that are gone.
    """
    before = known_place(root)
    if before is None:
        # Of two first runs at once, and after one that was killed here, none must find half a path.
        write_whole(root / _LOCATION, str(root).encode())
        return root
    return before


def known_place(root: Path) -> Path | None:
    """The path that earlier runs noted for a workspace; None before the first.

    Raises:
        ConfigError: the workspace was moved since.
    """
    home = root / _LOCATION
    if not home.exists():
        return None
    before = Path(home.read_text("utf-8", "replace"))
    if not (before.is_dir() and before.samefile(root)):
        raise ConfigError(
            f"The workspace {root} was moved here from {before}, and its metadata still points there. "
            "Move it back, or start a new one with --workspace."
        )
    return before


@contextmanager
def exclusive_use(workspace: Workspace) -> Iterator[None]:
    """Keeps a second run out of the workspace: two at once would share files that are half written.

    Raises:
        ConfigError: a run is under way there, or its metadata is not in a file, or that file is lost, or an
            older copy of it.
    """
    require_one_metadata(workspace, in_file=True)
    with open(workspace.root / ".lock", "a+", encoding="ascii") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            raise ConfigError(
                f"Another run (process {lock.read() or 'unknown'}) is using the workspace {workspace.root}. "
                "Wait for it, or choose another with --workspace."
            ) from None
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield


def require_one_metadata(workspace: Workspace, *, in_file: bool) -> None:
    """Sees to it that a workspace's metadata stays where it is; the first to use a database notes that.

    Artifacts' folders are numbered by executions, which each store counts from 1: of two stores, one would
    write into folders of the other.

    Args:
        workspace: exists.
        in_file: whether the metadata is about to be used in the workspace's file, or else in a database.

    Raises:
        ConfigError: it is in the other, or in a file that is gone, damaged or older than the artifacts.
    """
    if in_file and workspace.metadata_elsewhere.exists():
        raise ConfigError(
            f"The metadata of the workspace {workspace.root} is in a database, and this run would keep "
            "its own in a file. Choose another workspace, or run it with the database."
        )
    if not in_file and workspace.metadata.exists():
        raise ConfigError(
            f"The metadata of the workspace {workspace.root} is in a file, and this run would keep its own "
            "in a database. Choose another workspace, or run it without the database."
        )
    if in_file:
        _require_metadata_file(workspace)
    else:
        workspace.metadata_elsewhere.touch()


def _require_metadata_file(workspace: Workspace) -> None:
    """With a new or an older one, numbers of executions would come again, and write among earlier files."""
    # SQLite takes an empty file for a new database; a run that is killed at its very start leaves one.
    if not workspace.metadata.exists() or workspace.metadata.stat().st_size == 0:
        if any(workspace.artifacts.glob("*/*")):
            lost = "is empty" if workspace.metadata.exists() else "is gone"
            raise ConfigError(
                f"{workspace.artifacts} holds what earlier runs made, and {workspace.metadata}, which knows "
                f"what is what, {lost}. Bring that back; or delete the folder, and all stages are done anew; "
                "or choose another --workspace."
            )
        return
    try:
        with closing(sqlite3.connect(workspace.metadata)) as database:
            (verdict,) = database.execute("PRAGMA quick_check(1)").fetchone()
            made = _last_artifact(workspace)
            # A run that is killed at its very start leaves a file without tables, and no artifacts.
            known = database.execute("SELECT max(id) FROM Execution").fetchone()[0] or 0 if made else 0
    except sqlite3.Error as error:
        verdict = str(error)
    if verdict != "ok":
        raise ConfigError(
            f"{workspace.metadata}, where ML Metadata keeps its records, cannot be used: SQLite says "
            f"'{verdict}'. Bring back a copy from after the last run, or choose another --workspace."
        )
    if known < made:
        raise ConfigError(
            f"{workspace.metadata} is older than {workspace.artifacts}: it ends with execution {known}, and "
            f"{made} has artifacts there, which a run would write over. Bring back a copy from after the "
            "last run, or choose another --workspace."
        )


def _last_artifact(workspace: Workspace) -> int:
    """The highest number of an execution that has a folder for what it made; 0 for none.

    TFX names the folders PIPELINE/NODE/OUTPUT/EXECUTION.
    """
    folders = workspace.artifacts.glob("*/*/*/*")
    return max((int(folder.name) for folder in folders if folder.name.isdecimal()), default=0)


def new_run_id() -> str:
    """A name for a run that sorts by time and is its own."""
    return f"{datetime.now():%Y%m%d-%H%M%S}-{uuid.uuid4().hex[:4]}"
