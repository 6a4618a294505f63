"""A gRPC server with TensorFlow Serving's API, for where TensorFlow Serving is not installed."""

from __future__ import annotations

import errno
import socket
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Final

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from tensorflow_serving.apis.model_service_pb2_grpc import add_ModelServiceServicer_to_server
from tensorflow_serving.apis.prediction_service_pb2_grpc import add_PredictionServiceServicer_to_server

from serving.tensorflow_serving_api import ModelService, PredictionService
from serving.version_watcher import VersionWatcher

# How long `stop` waits for the requests under way.
STOP_SECONDS: Final = 5.0

_OPTIONS: Final = (
    # As TensorFlow Serving: a batch of photographs is larger than gRPC's default of 4 MB.
    ("grpc.max_receive_message_length", -1),
    ("grpc.max_send_message_length", -1),
    # With it, which is the default, two servers share a port and each gets some of the requests.
    ("grpc.so_reuseport", 0),
)


class PortBusyError(Exception):
    """Another program listens on the port."""


class EmbeddedServer:
    """Serves the highest complete version below a model directory, and follows newer ones."""

    def __init__(
        self, model_dir: str | Path, model_name: str, host: str = "127.0.0.1", port: int = 8500
    ) -> None:
        """Neither loads nor listens yet.

        Args:
            model_dir: holds `<version>/saved_model.pb`.
            model_name: what clients put into model_spec.name.
            host: the address to listen on; "0.0.0.0" for every interface.
            port: 0 to 65535; 0 picks a free one.

        Raises:
            ValueError: the port is out of range.
        """
        # gRPC would take it modulo 65536.
        if not 0 <= port <= 65535:
            raise ValueError(f"A port is a number from 0 to 65535, not {port}.")
        self._host, self._port = host, port
        self._watcher = VersionWatcher(model_dir)
        self._server = grpc.server(ThreadPoolExecutor(thread_name_prefix="grpc"), options=_OPTIONS)
        self._health = health.HealthServicer()
        add_PredictionServiceServicer_to_server(PredictionService(model_name, self._watcher), self._server)
        add_ModelServiceServicer_to_server(ModelService(model_name, self._watcher), self._server)
        health_pb2_grpc.add_HealthServicer_to_server(self._health, self._server)

    @property
    def port(self) -> int:
        """The port; once started, the one in use."""
        return self._port

    @property
    def address(self) -> str:
        """HOST:PORT as clients have to write it, an IPv6 host in brackets."""
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"{host}:{self._port}"

    def start(self) -> int:
        """Loads the model, replays its warm-up requests, takes the port and begins to answer.

        Returns:
            The port.

        Raises:
            PortBusyError: another program listens on it.
            OSError: the host is no address of this machine, or the port needs other rights.
            ModelLoadError: there is no version, or the highest cannot be loaded.
        """
        # Looked at first because a model takes seconds to load, but taken last: until the server
        # is ready to answer, clients should be refused rather than kept waiting.
        self._check_port()
        self._watcher.start()
        try:
            self._port = self._bind()
        except BaseException:
            self._watcher.stop()
            raise
        self._server.start()
        for service in ("", "tensorflow.serving.PredictionService", "tensorflow.serving.ModelService"):
            self._health.set(service, health_pb2.HealthCheckResponse.SERVING)
        return self._port

    def wait(self) -> None:
        """Blocks until another thread calls `stop`."""
        self._server.wait_for_termination()

    def stop(self) -> None:
        """Lets the requests under way end, then frees the port and the model."""
        self._health.enter_graceful_shutdown()
        self._server.stop(STOP_SECONDS).wait()
        self._watcher.stop()

    def __enter__(self) -> EmbeddedServer:
        """Starts the server."""
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stops the server."""
        self.stop()

    def _check_port(self) -> None:
        if not self._host:  # To a socket every interface, to gRPC none.
            raise OSError("Cannot listen on a host without a name; 0.0.0.0 stands for every interface.")
        family = socket.AF_INET6 if ":" in self._host else socket.AF_INET
        with socket.socket(family) as probe:
            # As servers do: a port whose connections are only just closed is free.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((self._host, self._port))
            except OSError as error:
                if error.errno == errno.EADDRINUSE:
                    raise self._busy() from error
                raise OSError(f"Cannot listen on {self.address}: {error.strerror}.") from error

    def _bind(self) -> int:
        try:
            return int(self._server.add_insecure_port(self.address))
        except RuntimeError as error:
            raise self._busy() from error

    def _busy(self) -> PortBusyError:
        return PortBusyError(f"Port {self._port} is busy: another program listens on {self.address}.")
