"""How to reach ML Metadata: a file in the workspace, or a database server that the environment names."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Mapping
from typing import Final, TypeAlias

from ml_metadata import MetadataStore
from ml_metadata.proto import metadata_store_pb2

from components.contract import ConfigError
from pipeline.settings.metadata_connection_names import DATABASE, DEFAULT_PORT, HOST, PASSWORD, PORT, USER
from pipeline.workspace import Workspace, require_one_metadata

Connection: TypeAlias = metadata_store_pb2.ConnectionConfig

# Two runs at once may be in each other's way for a moment.
_RETRIES: Final = 10


def metadata_connection(workspace: Workspace, environment: Mapping[str, str] = os.environ) -> Connection:
    """The connection to ML Metadata.

    Args:
        workspace: holds the file where no server is named.
        environment: names the server, if there is one.

    Raises:
        ConfigError: the environment names a server, and not all that it takes to reach it, or the workspace's
            metadata is elsewhere.
    """
    require_one_metadata(workspace, in_file=not environment.get(HOST))
    if not environment.get(HOST):
        workspace.root.mkdir(parents=True, exist_ok=True)
        connection = Connection(
            sqlite=metadata_store_pb2.SqliteMetadataSourceConfig(
                filename_uri=str(workspace.metadata),
                connection_mode=metadata_store_pb2.SqliteMetadataSourceConfig.READWRITE_OPENCREATE,
            )
        )
    else:
        missing = [name for name in (DATABASE, USER, PASSWORD) if not environment.get(name)]
        if missing:
            raise ConfigError(f"{HOST} names a database server, and {', '.join(missing)} is not set.")
        port = environment.get(PORT) or str(DEFAULT_PORT)
        if not port.isdecimal():
            raise ConfigError(f"{PORT} is '{port}', which is no port.")
        connection = Connection(
            mysql=metadata_store_pb2.MySQLDatabaseConfig(
                host=environment[HOST],
                port=int(port),
                database=environment[DATABASE],
                user=environment[USER],
                password=environment[PASSWORD],
            )
        )
    connection.retry_options.max_num_retries = _RETRIES
    return connection


def open_metadata(connection: Connection) -> MetadataStore:
    """Connects to ML Metadata, as TFX does: again where another process is about to make its tables.

    Raises:
        RuntimeError: it cannot be reached.
    """
    for _ in range(_RETRIES):
        try:
            return MetadataStore(connection)
        except RuntimeError:
            time.sleep(random.random())
    return MetadataStore(connection)
