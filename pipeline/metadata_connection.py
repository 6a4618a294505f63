"""How to reach ML Metadata: a file in the workspace, or a database server that the environment names."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Final

from ml_metadata.proto import metadata_store_pb2
from tfx.orchestration import metadata

from components.contract import ConfigError
from pipeline.metadata_connection_names import DATABASE, DEFAULT_PORT, HOST, PASSWORD, PORT, USER
from pipeline.workspace import Workspace, require_one_metadata

# Two runs at once may be in each other's way for a moment.
_RETRIES: Final = 10


def metadata_connection(
    workspace: Workspace, environment: Mapping[str, str] = os.environ
) -> metadata_store_pb2.ConnectionConfig:
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
        connection = metadata.sqlite_metadata_connection_config(str(workspace.metadata))
    else:
        missing = [name for name in (DATABASE, USER, PASSWORD) if not environment.get(name)]
        if missing:
            raise ConfigError(f"{HOST} names a database server, and {', '.join(missing)} is not set.")
        port = environment.get(PORT) or str(DEFAULT_PORT)
        if not port.isdecimal():
            raise ConfigError(f"{PORT} is '{port}', which is no port.")
        connection = metadata.mysql_metadata_connection_config(
            host=environment[HOST],
            port=int(port),
            database=environment[DATABASE],
            username=environment[USER],
            password=environment[PASSWORD],
        )
    connection.retry_options.max_num_retries = _RETRIES
    return connection
