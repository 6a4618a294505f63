"""Keeps the newest version of a model loaded, and swaps to another one without losing a request."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from serving.contract import version_folders
from serving.session_model import ModelLoadError, SessionModel, replay_warmup

# TensorFlow Serving's own defaults.
POLL_SECONDS: Final = 1.0
RETRY_SECONDS: Final = 60.0

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class FailedLoad:
    """The last version that could not be loaded."""

    version: int
    reason: str
    failed_at: float  # seconds, time.monotonic()


class ServedVersion:
    """A loaded version, and the number of requests that are using it."""

    def __init__(self, version: int, model: SessionModel) -> None:
        """Takes over the model; `retire` closes it."""
        self.version = version
        self.model = model
        self._users = 0
        self._changed = threading.Condition()

    def add_user(self, change: int) -> None:
        """Counts a request in (+1) or out (-1)."""
        with self._changed:
            self._users += change
            self._changed.notify_all()

    def retire(self) -> None:
        """Waits for the requests under way, then closes the model."""
        with self._changed:
            self._changed.wait_for(lambda: self._users == 0)
        self.model.close()


class VersionWatcher:
    """Serves `<model_dir>/<version>/`, the highest complete version at any time.

    A version takes over after it was loaded and answered its warm-up requests. One that fails
    leaves the present one in place, and is tried again a minute later. Deleting the highest
    version goes back to the one before, as with TensorFlow Serving.
    """

    def __init__(self, model_dir: str | Path) -> None:
        """Loads nothing yet.

        Args:
            model_dir: the directory with the numbered versions.
        """
        self._model_dir = Path(model_dir)
        self._served: ServedVersion | None = None
        self._failed: FailedLoad | None = None
        # Held while a request takes the served version, so that none is retired in between.
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._poll, name=f"versions of {model_dir}", daemon=True)

    def start(self) -> None:
        """Loads the highest version, then looks for others in the background.

        Raises:
            ModelLoadError: there is no complete version, or the highest one cannot be loaded.
        """
        versions = version_folders(self._model_dir)
        if not versions:
            raise ModelLoadError(
                f"{self._model_dir} holds no model: no numbered directory in it has a saved_model.pb."
            )
        newest = max(versions)
        self._served = self._load(newest, versions[newest])
        self._thread.start()

    def stop(self) -> None:
        """Ends the polling and closes the model after the requests under way."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()
        with self._lock:
            served, self._served = self._served, None
        if served is not None:
            served.retire()

    @property
    def failed(self) -> FailedLoad | None:
        """The version that was last tried in vain, until another one is loaded."""
        return self._failed

    @contextmanager
    def lease(self) -> Iterator[ServedVersion]:
        """Gives the served version, and keeps it open until the end of the with block.

        Raises:
            RuntimeError: the watcher is not running.
        """
        with self._lock:
            served = self._served
            if served is None:
                raise RuntimeError("No model is being served.")
            served.add_user(+1)
        try:
            yield served
        finally:
            served.add_user(-1)

    def _poll(self) -> None:
        while not self._stopping.wait(POLL_SECONDS):
            # The thread must outlive whatever a file system or a model comes up with.
            try:
                self._follow()
            except Exception:
                _LOG.exception("Looking for versions of %s failed; trying again.", self._model_dir)

    def _follow(self) -> None:
        versions = version_folders(self._model_dir)
        served = self._served
        # No version at all is more likely a file system out of reach than a wish to stop.
        if not versions or served is None or max(versions) == served.version:
            return
        version, failed = max(versions), self._failed
        if failed and failed.version == version and time.monotonic() - failed.failed_at < RETRY_SECONDS:
            return
        try:
            loaded = self._load(version, versions[version])
        except ModelLoadError as error:
            _LOG.error("Keeping version %d of %s: %s", served.version, self._model_dir, error)
            self._failed = FailedLoad(version, str(error), time.monotonic())
            return
        with self._lock:
            self._served = loaded
        self._failed = None
        served.retire()

    def _load(self, version: int, path: Path) -> ServedVersion:
        model = SessionModel.load(path)
        try:
            requests = replay_warmup(model, path)
        except BaseException:
            model.close()
            raise
        _LOG.info("Serving version %d of %s after %d warm-up requests.", version, self._model_dir, requests)
        return ServedVersion(version, model)
