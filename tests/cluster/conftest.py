"""Servers on loopback, started by the tests; `make test-cluster` installs them."""

from __future__ import annotations

import secrets
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from pipeline.settings.metadata_connection_names import DATABASE, HOST, PASSWORD, PORT, USER
from tests.cluster.google_cloud.cloud import GoogleCloud
from tests.cluster.google_cloud.not_possible_here import NotPossibleHereError

_SECONDS_TO_START = 180


@dataclass(frozen=True)
class Database:
    """A MariaDB server.

    Attributes:
        environment: how steps reach it.
        socket: for an administrator.
    """

    environment: dict[str, str]
    socket: Path

    def ask(self, statement: str) -> list[str]:
        """The rows that an SQL statement gives, as lines."""
        words = ["mariadb", f"--socket={self.socket}", "--user=root", "--skip-column-names", "--batch"]
        done = subprocess.run([*words, "-e", statement], capture_output=True, text=True, check=True)
        return done.stdout.splitlines()


@pytest.fixture(scope="session")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """A server of its own with an empty data folder, and a user who may use one database."""
    if shutil.which("mariadbd") is None:
        pytest.fail("there is no MariaDB; `make test-cluster` installs it")
    folder = tmp_path_factory.mktemp("db")
    subprocess.run(
        [
            *("mariadb-install-db", f"--datadir={folder}/data", "--user=root", "--skip-test-db"),
            "--auth-root-authentication-method=normal",
        ],
        check=True,
        capture_output=True,
    )
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(
            [
                *("mariadbd", f"--datadir={folder}/data", f"--socket={folder}/socket", "--user=root"),
                *("--bind-address=127.0.0.1", f"--port={port}", "--skip-name-resolve"),
            ],
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    try:
        password = secrets.token_hex(8)
        there = Database(
            {HOST: "127.0.0.1", PORT: str(port), DATABASE: "imgclf", USER: "imgclf", PASSWORD: password},
            folder / "socket",
        )
        _await(there, server)
        there.ask(f"CREATE USER imgclf@'127.0.0.1' IDENTIFIED BY '{password}'")
        there.ask("GRANT ALL ON imgclf.* TO imgclf@'127.0.0.1'")
        yield there
    finally:
        server.terminate()
        server.wait(30)


@pytest.fixture(scope="module")
def google(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GoogleCloud]:
    """A Google Cloud without buckets, whose jobs do not see one folder, that tests may work in."""
    folders = tmp_path_factory.mktemp("google")
    hidden = folders / "hidden"
    hidden.mkdir()
    try:
        with GoogleCloud.started(folders / "cloud", hidden=[hidden]) as cloud:
            yield cloud
    except NotPossibleHereError as error:
        pytest.skip(str(error))


def _await(database: Database, server: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + _SECONDS_TO_START
    while time.monotonic() < until and server.poll() is None:
        try:
            database.ask("SELECT 1")
        except subprocess.CalledProcessError:
            time.sleep(0.2)
        else:
            return
    pytest.fail((database.socket.parent / "log").read_text()[-2000:])
