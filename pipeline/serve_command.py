"""`imgclf serve`: a model server for a pushed model."""

from __future__ import annotations

import os
import socket
from pathlib import Path

from components.contract import ConfigError
from pipeline.output_capture import quiet_tensorflow
from pipeline.pushed_models import find_model
from pipeline.workspace import Workspace
from serving.server_command import tensorflow_serving_command


def serve(workspace: Workspace, name: str | None, model: Path | None, host: str, port: int) -> None:
    """Serves a model until interrupted, on TensorFlow Serving's gRPC API.

    TensorFlow Serving itself takes over this process where it is installed;
    the embedded server answers elsewhere.

    Args:
        workspace: where pushed models are.
        name: of the model.
        model: folder of a model, instead of the workspace's.
        host: address to listen on; the embedded server alone heeds it.
        port: to listen on; 0 for any that is free.

    Raises:
        ConfigError: no such model, or the port is taken.
    """
    found = find_model(workspace, name, model)
    if model is not None and model.absolute() == found.path:
        raise ConfigError(
            f"{model} is one version. A server follows the newest of a folder of versions: "
            f"give --model {found.model_dir}."
        )
    # To TensorFlow Serving 0 is no port at all.
    numbered = port or _any_free_port()
    command = tensorflow_serving_command(found.model_dir, found.name, numbered)
    if command is not None:
        _require_free(numbered)
        print(f"Serving {found.name} with {command[0]} on port {numbered}. Stop it with Ctrl-C.", flush=True)
        os.execv(command[0], command)
    quiet_tensorflow()
    from serving.embedded_server import EmbeddedServer, PortBusyError
    from serving.session_model import ModelLoadError

    server = EmbeddedServer(found.model_dir, found.name, host, port)
    try:
        chosen = server.start()
    except PortBusyError as error:
        raise ConfigError(f"{error} Choose another with --port.") from error
    except (OSError, ModelLoadError) as error:
        raise ConfigError(str(error)) from error
    print(
        f"Serving {found.name} version {found.version} on {host}:{chosen}, gRPC, with the embedded server "
        "(tensorflow_model_server is not on the PATH). Stop it with Ctrl-C.",
        flush=True,
    )
    try:
        server.wait()
    except KeyboardInterrupt:
        print("Stopped.")
    finally:
        server.stop()


def _any_free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("", 0))
        port: int = probe.getsockname()[1]
        return port


def _require_free(port: int) -> None:
    with socket.socket() as probe:
        # As servers do: a port whose connections are only just closed is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("", port))
        except OSError as error:
            raise ConfigError(f"Port {port} is in use. Choose another with --port.") from error
