"""A proxy that is itself what lies behind it: it ends TLS and answers for Google's hosts."""

from __future__ import annotations

import re
import shutil
import socket
import ssl
import sys
import threading
import traceback
from collections.abc import Sequence
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BufferedIOBase
from pathlib import Path
from tempfile import SpooledTemporaryFile
from typing import IO, Any, Final
from urllib.parse import parse_qsl, urlsplit

from tests.cluster.google_cloud.http_messages import Answer, ApiError, Readable, Request, Response
from tests.cluster.google_cloud.not_possible_here import NotPossibleHereError

_DATAFLOW: Final = "dataflow.googleapis.com"
_GOOGLE: Final = re.compile(r"[a-z0-9-]+\.googleapis\.com:443")
_BLOCK: Final = 1 << 20
_TLS_BEGINS: Final = b"\x16"


class HttpsProxy(ThreadingHTTPServer):
    """Listens on 127.0.0.1, one thread a connection.

    Who speaks TLS to it at once, without asking for a host, is at Dataflow. Beam's client of it does
    else: httplib2 needs PySocks for proxies, which Beam does not bring, and goes past them without. An
    address must not have a port, so there is one on 443, for which root is needed.

    Attributes:
        url: for `https_proxy`.
        unanswered: requests that nothing here knew, and those that something here broke at.
    """

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, context: ssl.SSLContext, answers: Sequence[Answer], log: Path, dataflow: str) -> None:
        """Listens from now on, and answers after `start`.

        Args:
            context: to speak TLS with.
            answers: are asked in turn.
            log: gets a line for each request.
            dataflow: an address of loopback where nothing listens on 443.

        Raises:
            NotPossibleHereError: nor may this user.
        """
        super().__init__(("127.0.0.1", 0), _ProxyHandler)
        self._context, self._answers = context, answers
        self.url = f"http://127.0.0.1:{self.server_port}"
        try:
            self._beside = _Beside(dataflow, self)
        except PermissionError as error:
            self.server_close()
            raise NotPossibleHereError(f"nothing can listen on {dataflow}:443 here: {error}") from None
        self.unanswered: list[str] = []
        self._log, self._writing = log.open("w"), threading.Lock()

    def start(self) -> None:
        """Answers in threads of its own."""
        for server in (self, self._beside):
            threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()

    def stop(self) -> None:
        """Answers no more connections."""
        for server in (self, self._beside):
            server.shutdown()
            server.server_close()

    def finish_request(self, request: Any, client_address: Any) -> None:
        """Finds out what a connection begins with."""
        if request.recv(1, socket.MSG_PEEK) == _TLS_BEGINS:
            self.speak_tls(request, client_address)
        else:
            _ProxyHandler(request, client_address, self)

    def speak_tls(self, connection: socket.socket, client_address: Any) -> None:
        """Answers all requests of a connection."""
        try:
            with self._context.wrap_socket(connection, server_side=True) as tls:
                _GoogleHandler(tls, client_address, self)
        except ssl.SSLError as error:
            self.note(f"TLS {error}")

    def answer(self, request: Request) -> Response:
        """What one request is answered with."""
        try:
            for answer in self._answers:
                if response := answer(request):
                    return response
        except ApiError as error:
            return error.response()
        except ConnectionError:
            raise
        except Exception:
            self.unanswered.append(f"{request.url}\n{traceback.format_exc()}")
            return ApiError(501, traceback.format_exc(), "notImplemented").response()
        self.unanswered.append(request.url)
        return ApiError(501, f"nothing here answers {request.url}", "notImplemented").response()

    def note(self, line: str) -> None:
        """Adds a line to the log."""
        with self._writing:
            self._log.write(f"{line}\n")
            self._log.flush()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients may go at any time."""
        if not isinstance(sys.exc_info()[1], ConnectionError | TimeoutError | ssl.SSLError):
            super().handle_error(request, client_address)


class _Beside(ThreadingHTTPServer):
    """The other address of a proxy."""

    daemon_threads = True

    def __init__(self, host: str, proxy: HttpsProxy) -> None:
        """Passes its connections on."""
        super().__init__((host, 443), _ProxyHandler)
        self._proxy = proxy

    def finish_request(self, request: Any, client_address: Any) -> None:
        """As the proxy does it."""
        self._proxy.finish_request(request, client_address)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """As the proxy does it."""
        self._proxy.handle_error(request, client_address)


class _ProxyHandler(BaseHTTPRequestHandler):
    """What is said to the proxy itself."""

    protocol_version = "HTTP/1.1"
    server: HttpsProxy

    def do_CONNECT(self) -> None:
        self.close_connection = True
        if not _GOOGLE.fullmatch(self.path):
            self._refuse()
            return
        self.wfile.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        self.server.speak_tls(self.connection, self.client_address)

    def _refuse(self) -> None:
        self.server.unanswered.append(self.requestline)
        self.send_response(501)
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = _refuse  # noqa: N815

    def log_message(self, format: str, *args: object) -> None:
        self.server.note(f"proxy {format % args}")


class _GoogleHandler(BaseHTTPRequestHandler):
    """What is said to Google."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: HttpsProxy

    def _answer(self) -> None:
        target = urlsplit(self.path)
        headers = {name.lower(): value for name, value in self.headers.items()}
        with ExitStack() as spool:
            if headers.get("transfer-encoding") == "chunked":
                whole = spool.enter_context(SpooledTemporaryFile(_BLOCK))
                _copy_chunks(self.rfile, whole)
                length = whole.tell()
                whole.seek(0)
                body = _Body(whole, length)
            else:
                length = int(headers.get("content-length", 0))
                body = _Body(self.rfile, length)
            request = Request(
                self.command,
                _DATAFLOW if headers["host"].startswith("127.") else headers["host"],
                target.path,
                dict(parse_qsl(target.query, keep_blank_values=True)),
                headers,
                body,
                length,
            )
            response = self.server.answer(request)
            while body.read(_BLOCK):
                pass
        self._send(response)

    def _send(self, response: Response) -> None:
        body = response.body
        if isinstance(body, bytes):
            self._send_head(response, len(body))
            if self.command != "HEAD":
                self.wfile.write(body)
            return
        with body.file:
            self._send_head(response, body.length)
            if self.command != "HEAD":
                shutil.copyfileobj(_Body(body.file, body.length), self.wfile, _BLOCK)

    def _send_head(self, response: Response, length: int) -> None:
        self.send_response(response.status)
        for name, value in response.headers.items():
            self.send_header(name, value)
        if response.status != 204:
            self.send_header("Content-Length", str(length))
        self.end_headers()

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = _answer  # noqa: N815

    def log_message(self, format: str, *args: object) -> None:
        self.server.note(f"{self.headers['host'] if hasattr(self, 'headers') else '?'} {format % args}")


def _copy_chunks(stream: BufferedIOBase, whole: IO[bytes]) -> None:
    """Copies a body that comes without its length: TensorFlow sends those of POST so."""
    while size := int(stream.readline().partition(b";")[0], 16):
        shutil.copyfileobj(_Body(stream, size), whole, _BLOCK)
        stream.readline()
    while stream.readline().strip():
        pass


class _Body:
    """So many bytes of a stream."""

    def __init__(self, stream: Readable, length: int) -> None:
        self._stream, self._left = stream, length

    def read(self, size: int = -1, /) -> bytes:
        """As of files.

        Raises:
            ConnectionError: the stream ends before that.
        """
        size = self._left if size < 0 else min(size, self._left)
        if not size:
            return b""
        block = self._stream.read(size)
        if not block:
            raise ConnectionError("the body is cut off")
        self._left -= len(block)
        return block
