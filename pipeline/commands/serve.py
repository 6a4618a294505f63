"""`imgclf serve`: a model server for a pushed model."""

from __future__ import annotations

import os
import signal
import socket
from pathlib import Path

from components.contract import ConfigError
from pipeline.commands.pushed_models import find_model
from pipeline.output_capture import quiet_tensorflow
from pipeline.workspace import Workspace
from serving.server_command import find_tensorflow_serving, tensorflow_serving_command


def serve(workspace: Workspace, name: str | None, model: Path | None, host: str, port: int) -> None:
    """Serves a model until interrupted, on TensorFlow Serving's gRPC API.

    TensorFlow Serving itself takes over this process where it is installed;
    the embedded server answers elsewhere.

    Args:
        workspace: where pushed models are.
        name: of the model.
        model: folder of a model, instead of the workspace's.
        host: address to listen on; the embedded server alone heeds it.
        port: to listen on.

    Raises:
        ConfigError: no such model, or the port is taken.
    """
    found = find_model(workspace, name, model)
    if model is not None and model.absolute() == found.path:
        raise ConfigError(
            f"{model} is one version. A server follows the newest of a folder of versions: "
            f"give --model {found.model_dir}."
        )
    executable = find_tensorflow_serving()
    if executable is not None:
        port = _free_port(port)
        print(
            f"Serving {found.name} with {executable} on port {port} of every address of this machine, gRPC. "
            "Stop it with Ctrl-C.",
            flush=True,
        )
        os.execv(executable, tensorflow_serving_command(executable, found.model_dir, found.name, port))
    quiet_tensorflow()
    from serving.embedded_server import EmbeddedServer, PortBusyError
    from serving.session_model import ModelLoadError

    server = EmbeddedServer(found.model_dir, found.name, host, port)
    try:
        server.start()
    except PortBusyError as error:
        raise ConfigError(f"{error} Choose another with --port.") from error
    except (OSError, ModelLoadError) as error:
        raise ConfigError(str(error)) from error
    # What stops containers and services; requests under way are answered, as with Ctrl-C.
    terminate_before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        print(
            f"Serving {found.name} version {found.version} on {server.address}, gRPC, with the embedded "
            "server (tensorflow_model_server is not on the PATH). Stop it with Ctrl-C.",
            flush=True,
        )
        server.wait()
    except KeyboardInterrupt:
        print("Stopped.")
    finally:
        server.stop()
        signal.signal(signal.SIGTERM, terminate_before)


def _free_port(port: int) -> int:
    """The port, or any that is free for 0, which TensorFlow Serving would take for none at all."""
    with socket.socket() as probe:
        # As servers do: a port whose connections are only just closed is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("", port))
        except OSError as error:
            raise ConfigError(
                f"Cannot listen on port {port}: {error.strerror}. Choose another with --port."
            ) from error
        return int(probe.getsockname()[1])
