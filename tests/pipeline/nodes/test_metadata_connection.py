"""Where ML Metadata is."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from components.contract import ConfigError
from pipeline.nodes.metadata_connection import metadata_connection
from pipeline.settings.metadata_connection_names import DATABASE, HOST, PASSWORD, PORT, USER
from pipeline.workspace import Workspace, exclusive_use

SERVER = {HOST: "db", PORT: "3307", DATABASE: "imgclf", USER: "me", PASSWORD: "secret"}


@pytest.mark.parametrize("environment", [{}, {HOST: ""}, {**SERVER, HOST: ""}])
def test_without_a_server_it_is_a_file(tmp_path: Path, environment: dict[str, str]) -> None:
    connection = metadata_connection(Workspace(tmp_path), environment)
    assert connection.sqlite.filename_uri == str(tmp_path / "metadata.sqlite")


def test_metadata_stays_where_it_is(tmp_path: Path) -> None:
    (with_file := Workspace(tmp_path / "file")).root.mkdir()
    with_file.metadata.touch()
    with pytest.raises(ConfigError, match="is in a file, and this run would keep its own in a database"):
        metadata_connection(with_file, SERVER)
    metadata_connection(with_file, {})
    (with_server := Workspace(tmp_path / "server")).root.mkdir()
    for _ in range(2):
        metadata_connection(with_server, SERVER)
    with pytest.raises(ConfigError, match="is in a database, and this run would keep its own in a file"):
        metadata_connection(with_server, {})
    with pytest.raises(ConfigError, match="is in a database"), exclusive_use(with_server):
        pass


def test_a_lost_or_damaged_file_is_not_begun_anew(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    (made := workspace.artifacts / "imgclf" / "Trainer").mkdir(parents=True)
    with pytest.raises(ConfigError, match=r"metadata\.sqlite, which knows what is what, is gone"):
        metadata_connection(workspace, {})
    with closing(sqlite3.connect(workspace.metadata)) as database:
        database.executescript("CREATE TABLE Execution (id INTEGER PRIMARY KEY, uri TEXT UNIQUE)")
        database.executemany("INSERT INTO Execution (uri) VALUES (?)", [(f"{n:0100}",) for n in range(500)])
        database.commit()
    metadata_connection(workspace, {})
    whole = workspace.metadata.read_bytes()
    workspace.metadata.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ConfigError, match=r"metadata\.sqlite.* cannot be used: SQLite says '.*malformed'"):
        metadata_connection(workspace, {})
    workspace.metadata.write_bytes(b"<html>quota exceeded</html>")
    with pytest.raises(ConfigError, match=r"metadata\.sqlite.* SQLite says 'file is not a database'"):
        metadata_connection(workspace, {})
    workspace.metadata.write_bytes(b"")
    with pytest.raises(ConfigError, match=r"metadata\.sqlite, which knows what is what, is empty"):
        metadata_connection(workspace, {})
    made.rmdir()
    metadata_connection(workspace, {})


def test_a_server_is_reached_as_the_environment_says(tmp_path: Path) -> None:
    mysql = metadata_connection(Workspace(tmp_path), SERVER).mysql
    assert (mysql.host, mysql.port, mysql.database) == ("db", 3307, "imgclf")
    assert (mysql.user, mysql.password) == ("me", "secret")
    assert metadata_connection(Workspace(tmp_path), {**SERVER, PORT: ""}).mysql.port == 3306


@pytest.mark.parametrize(
    ("change", "message"),
    [({USER: "", PASSWORD: ""}, f"{USER}, {PASSWORD} is not set"), ({PORT: "x"}, "'x', which is no port")],
)
def test_what_is_missing_is_named(tmp_path: Path, change: dict[str, str], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        metadata_connection(Workspace(tmp_path), {**SERVER, **change})


def test_a_copy_from_before_the_last_run_is_not_gone_on_with(tmp_path: Path) -> None:
    """Its next executions would have the numbers of those that it has never heard of, and their folders."""
    workspace = Workspace(tmp_path)
    with closing(sqlite3.connect(workspace.metadata)) as database:
        database.execute("CREATE TABLE Execution (id INTEGER PRIMARY KEY)")
        database.executemany("INSERT INTO Execution VALUES (?)", [(number,) for number in range(1, 13)])
        database.commit()
    for execution in ("8", "12"):
        (workspace.artifacts / "photos" / "Trainer" / "model" / execution).mkdir(parents=True)
        metadata_connection(workspace, {})
    (workspace.artifacts / "photos" / "Trainer" / "model" / "20").mkdir()
    with pytest.raises(ConfigError, match=r"ends with execution 12, and 20 has artifacts there"):
        metadata_connection(workspace, {})
    with (
        pytest.raises(ConfigError, match=r"Bring back a copy from after the last run"),
        exclusive_use(workspace),
    ):
        pass
