"""A KFP API server: v2beta1 over HTTP on this machine, with nothing behind it but memory."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

from google.protobuf import json_format

from tests.kubeflow.api_models import NotInTheApiError, write_model
from tests.kubeflow.kfp_in_memory import FakeKfp, RefusedError


def _handler(kfp: FakeKfp) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def handle_request(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            url = urlsplit(self.path)
            call = f"{self.command} {url.path.removeprefix('/apis/v2beta1')}"
            kfp.calls.append(call)
            failure = next((kfp.failures[each] for each in kfp.failures if call.startswith(each)), None)
            query = {key: values[0] for key, values in parse_qs(url.query).items()}
            try:
                if failure is not None:
                    return self._send(*failure)
                if kfp.token is not None and self.headers.get("Authorization") != f"Bearer {kfp.token}":
                    raise RefusedError(401, "Request header error: there is no user identity")
                done = kfp.answer(self.command, url.path, query, body, self.headers.get("Content-Type", ""))
                self._send(200, json.dumps(done if isinstance(done, dict) else write_model(done)))
            except RefusedError as error:
                self._send(error.status, json.dumps({"code": 5, "message": str(error), "details": []}))
            except (NotInTheApiError, json_format.ParseError) as error:
                self._send(400, json.dumps({"code": 3, "message": f"not in the API: {error}"}))

        def _send(self, status: int, text: str) -> None:
            self.send_response(status)
            self.send_header("Content-Type", "application/json" if text[:1] in "{[" else "text/html")
            self.send_header("Content-Length", str(len(text.encode())))
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, format: str, *args: object) -> None:
            """Writes no log."""

        do_GET = do_POST = do_DELETE = handle_request  # noqa: N815

    return Handler


@contextmanager
def serving() -> Iterator[FakeKfp]:
    """A server on a free port of this machine until the block ends."""
    kfp = FakeKfp()
    with ThreadingHTTPServer(("127.0.0.1", 0), _handler(kfp)) as server:
        kfp.host = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        yield kfp
        server.shutdown()
        thread.join()
