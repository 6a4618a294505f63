"""A Flink cluster on loopback with Beam's job server and worker pool, put together as on Kubernetes."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Mapping
from contextlib import ExitStack, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Final

import yaml

ROOT: Final = Path(__file__).parents[2]
# As the manifests give them to Flink.
_SETTINGS: Final = ROOT / "kubeflow" / "manifests" / "components" / "flink"
# What the manifests give to Flink's own scripts, which start these.
_JOB_MANAGER: Final = "org.apache.flink.runtime.entrypoint.StandaloneSessionClusterEntrypoint"
_TASK_MANAGER: Final = "org.apache.flink.runtime.taskexecutor.TaskManagerRunner"
_JOB_SERVER: Final = "org.apache.beam.runners.flink.FlinkJobServerDriver"
_JOB_SERVER_MEMORY: Final = "2g"
_SECONDS_TO_START: Final = 90


class FlinkCluster:
    """A context manager: a job manager, task managers, Beam's job server and its worker pool, each a process.

    Attributes:
        job_server: HOST:PORT.
        worker_pool: HOST:PORT.
        logs: a file for each process.
    """

    def __init__(self, installed: Path, folder: Path, task_managers: int) -> None:
        """Starts nothing yet.

        Args:
            installed: where `make test-cluster` put Flink and Beam's jars.
            folder: for settings, logs and what Flink keeps.
            task_managers: how many, of two slots each.
        """
        self._classpath = f"{installed}/packages/pyflink/lib/*:{installed}/beam/*"
        self._tools = f"{installed}/packages/pyflink/bin/bash-java-utils.jar:{self._classpath}"
        self._count = task_managers
        self._folder = folder
        self._conf = folder / "conf"
        self._processes = ExitStack()
        self.logs = folder / "logs"
        self.task_managers: dict[str, subprocess.Popen[bytes]] = {}
        rpc, self._rest, job_port, artifact_port, pool_port = _free_ports(5)
        self.job_server, self.worker_pool = f"127.0.0.1:{job_port}", f"127.0.0.1:{pool_port}"
        self._artifact_port = artifact_port
        self._settings = _on_loopback(rpc, self._rest, folder)

    def __enter__(self) -> FlinkCluster:
        """Returns itself once all task managers are there and both servers listen."""
        self._conf.mkdir(parents=True)
        self.logs.mkdir()
        (self._conf / "config.yaml").write_text(yaml.safe_dump(self._settings))
        with ExitStack() as on_failure:
            on_failure.push(self._processes)
            self._java("job-manager", _JOB_MANAGER, [*self._own("JM"), "--executionMode", "cluster"])
            for number in range(self._count):
                name = f"task-manager-{number}"
                self.task_managers[name] = self._java(
                    name, _TASK_MANAGER, [*self._own("TM"), "-D", f"taskmanager.resource-id={name}"]
                )
            host, _, port = self.job_server.rpartition(":")
            self._java(
                "job-server",
                _JOB_SERVER,
                [
                    *(f"--flink-master=127.0.0.1:{self._rest}", f"--job-host={host}", f"--job-port={port}"),
                    *(f"--artifact-port={self._artifact_port}", "--expansion-port=-1"),
                    f"--artifacts-dir={self._folder}/artifacts",
                ],
            )
            self._worker_pool()
            await_true(lambda: self.ask("overview")["taskmanagers"] == self._count, self._all_logs)
            for address in (self.job_server, self.worker_pool):
                await_true(lambda address=address: _listens(address), self._all_logs)
            on_failure.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Ends all processes."""
        self._processes.__exit__(kind, error, trace)

    def ask(self, path: str) -> Any:
        """What Flink's REST API answers."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self._rest}/{path}", timeout=10) as answer:
            return json.load(answer)

    def jobs(self) -> dict[str, str]:
        """Name → state of the jobs so far."""
        return {job["name"]: job["state"] for job in self.ask("jobs/overview")["jobs"]}

    def kill_one_at_work(self, job_name: str) -> str | None:
        """Kills (SIGKILL) a task manager that runs a part of a job; returns its name, or None."""
        running = (job for job in self.ask("jobs/overview")["jobs"] if job["state"] == "RUNNING")
        for job in (job["jid"] for job in running if job["name"] == job_name):
            for vertex in self.ask(f"jobs/{job}")["vertices"]:
                for worker in self.ask(f"jobs/{job}/vertices/{vertex['id']}/taskmanagers")["taskmanagers"]:
                    name = str(worker["taskmanager-id"])
                    if worker["status-counts"]["RUNNING"] and name in self.task_managers:
                        process = self.task_managers.pop(name)
                        process.send_signal(signal.SIGKILL)
                        process.wait()
                        return name
        return None

    def _own(self, which: str) -> list[str]:
        """Memory as Flink's scripts reckon it from the settings: options of Java, then of the process."""
        told = subprocess.run(
            [
                *("java", "-cp", self._tools, "org.apache.flink.runtime.util.bash.BashJavaUtils"),
                *(f"GET_{which}_RESOURCE_PARAMS", "--configDir", str(self._conf)),
            ],
            capture_output=True,
            text=True,
            check=True,
        )
        mark = "BASH_JAVA_UTILS_EXEC_RESULT:"
        java, own = (line.removeprefix(mark) for line in told.stdout.splitlines() if line.startswith(mark))
        self._memory = java.split()
        return ["--configDir", str(self._conf), *own.split()]

    def _java(self, name: str, main: str, arguments: list[str]) -> subprocess.Popen[bytes]:
        own = [*self._memory, *self._settings["env"]["java"]["opts"]["all"].split()]
        # As in a container of the manifests' size, and without Flink's scripts.
        options = [f"-XX:MaxRAM={_JOB_SERVER_MEMORY}"] if main == _JOB_SERVER else own
        log4j = f"-Dlog4j.configurationFile={_SETTINGS}/log4j-console.properties"
        return self._start(name, ["java", *options, log4j, "-cp", self._classpath, main, *arguments])

    def _worker_pool(self) -> None:
        port = self.worker_pool.rpartition(":")[2]
        environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
        command = [
            sys.executable,
            "-m",
            "apache_beam.runners.worker.worker_pool_main",
            f"--service_port={port}",
        ]
        self._start("worker-pool", command, environment)

    def _start(
        self, name: str, command: list[str], environment: Mapping[str, str] | None = None
    ) -> subprocess.Popen[bytes]:
        with (self.logs / name).open("wb") as log:
            process = subprocess.Popen(
                command,
                cwd=ROOT,
                env=environment,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._processes.callback(_end, process)
        return process

    def _all_logs(self) -> str:
        return "\n".join(f"{log.name}: {log.read_text()[-1500:]}" for log in self.logs.iterdir())


def await_true(
    asked: Callable[[], bool], tell: Callable[[], str], seconds: float = _SECONDS_TO_START
) -> None:
    """Waits until something is so.

    Raises:
        AssertionError: it is not so in that time; with what `tell` tells.
    """
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        try:
            if asked():
                return
        except OSError:
            pass
        time.sleep(0.02)
    raise AssertionError(tell())


def _on_loopback(rpc: int, rest: int, folder: Path) -> dict[str, Any]:
    """The cluster's settings, but for addresses, ports and folders."""
    settings: dict[str, Any] = yaml.safe_load((_SETTINGS / "config.yaml").read_text())
    here = {"bind-host": "127.0.0.1"}
    settings["jobmanager"] |= here | {"rpc": {"address": "127.0.0.1", "port": rpc}}
    settings["rest"] = {"address": "127.0.0.1", "bind-address": "127.0.0.1", "port": rest}
    settings["blob"] = {"server": {"port": 0}}
    settings["taskmanager"] |= here | {"host": "127.0.0.1", "rpc": {"port": 0}, "data": {"port": 0}}
    settings["heartbeat"]["interval"] = 1000
    # All on one machine.
    settings["metrics"]["internal"]["query-service"]["port"] = 0
    settings["io"] = {"tmp": {"dirs": str(folder / "tmp")}}
    return settings


def _free_ports(count: int) -> list[int]:
    with ExitStack() as probes:
        sockets = [probes.enter_context(socket.socket()) for _ in range(count)]
        for probe in sockets:
            probe.bind(("127.0.0.1", 0))
        return [probe.getsockname()[1] for probe in sockets]


def _listens(address: str) -> bool:
    host, _, port = address.rpartition(":")
    socket.create_connection((host, int(port)), 1).close()
    return True


def _end(process: subprocess.Popen[bytes]) -> None:
    """Ends a process and those that it has started: the worker pool leaves its workers behind."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
