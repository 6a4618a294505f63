"""A job: what was asked for, what has become of it, and the process that runs it."""

from __future__ import annotations

import datetime
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from tests.cluster.google_cloud.hidden_folders import without

ROOT: Final = Path(__file__).parents[3]
# Of the folder of a job: what it is told, what it tells, and what its processes print.
OPTIONS_FILE, RESULT_FILE, LOG_FILE = "options.json", "result.json", "log.txt"
_ENDED: Final = {"JOB_STATE_DONE", "JOB_STATE_FAILED", "JOB_STATE_CANCELLED"}


class DataflowJob:
    """One job.

    Attributes:
        id: as Dataflow makes them.
        name: as asked for; only one of a name runs at a time.
        options: the pipeline's options, by name.
        container_image: what workers would run in; here they run with this Python.
        log: what the job's processes print, workers included.
        metrics: the user's, as Dataflow tells them, once it is done.
        messages: as Dataflow tells them.
    """

    def __init__(self, description: Mapping[str, Any], number: int, folder: Path) -> None:
        """Takes what the client sent, and a folder to make for the job."""
        now = datetime.datetime.now(datetime.timezone.utc)
        environment = description["environment"]
        (pool,) = environment["workerPools"]
        self.id = f"{now:%Y-%m-%d_%H_%M_%S}-{number:019}"
        self.name = str(description["name"])
        self.options: dict[str, Any] = environment["sdkPipelineOptions"]["options"]
        self.container_image = str(pool["workerHarnessContainerImage"])
        self.metrics: list[dict[str, Any]] = []
        self.messages: list[dict[str, str]] = []
        folder.mkdir(parents=True)
        self._folder, self.log = folder, folder / LOG_FILE
        (folder / OPTIONS_FILE).write_text(json.dumps(environment["sdkPipelineOptions"]))
        self._description, self._created = description, timestamp()
        self._lock = threading.Lock()
        self._state, self._since = "JOB_STATE_PENDING", self._created
        self._process: subprocess.Popen[bytes] | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)

    @property
    def state(self) -> str:
        """JOB_STATE_PENDING, _RUNNING, _DONE, _FAILED, _CANCELLING or _CANCELLED."""
        return self._state

    @property
    def ended(self) -> bool:
        """Whether nothing more will happen."""
        return self._state in _ENDED

    @property
    def error(self) -> str | None:
        """The first error that it told of, or None."""
        told = (each for each in self.messages if each["messageImportance"] == "JOB_MESSAGE_ERROR")
        return next((each["messageText"] for each in told), None)

    def start(self, environment: Mapping[str, str], hidden: Sequence[Path]) -> None:
        """Runs it.

        Args:
            environment: all that its processes get besides where programs are.
            hidden: folders that they do not see.
        """
        home = self._folder / "home"
        home.mkdir()
        python = Path(sys.executable)
        own = {
            "PATH": f"{python.parent}:/usr/bin:/bin",
            "HOME": str(home),
            "TMPDIR": str(home),
            "LANG": "C.UTF-8",
        }
        command = [str(python), "-m", "tests.cluster.google_cloud.run_job", str(self._folder)]
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(
                without(hidden, command),
                cwd=ROOT,
                env=own | dict(environment),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._become("JOB_STATE_RUNNING")
        self._tell("JOB_MESSAGE_BASIC", f"Starting 1 worker from {self.container_image}.")
        self._thread.start()

    def cancel(self) -> None:
        """Ends its processes, unless it has ended."""
        with self._lock:
            if self.ended or self._process is None:
                return
            self._become("JOB_STATE_CANCELLING")
        self._kill()
        self._thread.join()

    def described(self) -> dict[str, Any]:
        """As Dataflow does it."""
        return {
            **self._description,
            "id": self.id,
            "currentState": self._state,
            "currentStateTime": self._since,
            "createTime": self._created,
        }

    def _run(self) -> None:
        assert self._process is not None
        status = self._process.wait()
        # Workers may outlive what started them.
        self._kill()
        result = self._folder / RESULT_FILE
        if result.exists():
            told = json.loads(result.read_text())
        else:
            last = self.log.read_text(errors="replace")[-3000:]
            told = {"error": f"The job's process ended with status {status}:\n{last}", "metrics": []}
        with self._lock:
            if self._state == "JOB_STATE_CANCELLING":
                self._become("JOB_STATE_CANCELLED")
                return
            self.metrics = told["metrics"]
            if told["error"] is None:
                self._become("JOB_STATE_DONE")
                return
            # Clients ask for messages once more when they see the state, so these come first.
            self._tell("JOB_MESSAGE_ERROR", told["error"])
            self._tell(
                "JOB_MESSAGE_ERROR", f"Workflow failed. Causes: {told['error'].strip().splitlines()[-1]}"
            )
            self._become("JOB_STATE_FAILED")

    def _kill(self) -> None:
        assert self._process is not None
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)

    def _become(self, state: str) -> None:
        self._state, self._since = state, timestamp()

    def _tell(self, importance: str, text: str) -> None:
        number = len(self.messages)
        told = {"id": f"{self.id}-{number}", "time": timestamp(), "messageText": text}
        self.messages.append(told | {"messageImportance": importance})


def timestamp() -> str:
    """Now; clients compare these as text."""
    return datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
