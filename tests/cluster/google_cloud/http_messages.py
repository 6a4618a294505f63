"""Requests and responses as the parts of the cloud pass them on."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, BinaryIO, Protocol, TypeAlias


class Readable(Protocol):
    """What bytes come from."""

    def read(self, size: int = -1, /) -> bytes:
        """As of files."""


@dataclass(frozen=True)
class Request:
    """A request to one of Google's hosts.

    Attributes:
        method: GET, POST, …
        host: without a port.
        path: as sent, that is, percent-encoded.
        query: decoded.
        headers: their names in lower case.
        body: `length` bytes can be read from it.
        length: 0 without a body.
    """

    method: str
    host: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: Readable
    length: int

    @property
    def url(self) -> str:
        """For people."""
        asked = "&".join(f"{name}={value}" for name, value in self.query.items())
        return f"{self.method} https://{self.host}{self.path}{'?' * bool(asked)}{asked}"

    def json(self) -> dict[str, Any]:
        """The body, {} without one."""
        return json.loads(self.body.read(self.length) or b"{}")


@dataclass(frozen=True)
class FilePart:
    """A part of a file, to send without reading it into memory.

    Attributes:
        file: open where the part begins; whoever sends it closes it.
        length: in bytes.
    """

    file: BinaryIO
    length: int


@dataclass(frozen=True)
class Response:
    """What is answered.

    Attributes:
        status: of HTTP.
        body: what is sent.
        headers: besides the length.
    """

    status: int
    body: bytes | FilePart = b""
    headers: Mapping[str, str] = field(default_factory=dict)


Answer: TypeAlias = Callable[[Request], "Response | None"]
"""Answers a request, or returns None for one that it does not know."""


class ApiError(Exception):
    """What Google answers as an error."""

    def __init__(self, status: int, message: str, reason: str = "invalid") -> None:
        """Takes the status of HTTP, a text for people and a word for programs."""
        super().__init__(message)
        self.status, self.message, self.reason = status, message, reason

    def response(self) -> Response:
        """In the form that all of Google's JSON APIs have."""
        one = {"domain": "global", "reason": self.reason, "message": self.message}
        return json_response(
            {"error": {"code": self.status, "message": self.message, "errors": [one]}}, self.status
        )


def json_response(content: Mapping[str, Any], status: int = 200) -> Response:
    """Returns an answer in JSON."""
    return Response(status, json.dumps(content).encode(), {"Content-Type": "application/json; charset=UTF-8"})
