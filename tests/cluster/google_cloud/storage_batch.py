"""Many requests in one, and other bodies of several parts."""

from __future__ import annotations

import io
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import BinaryIO, Final
from urllib.parse import parse_qsl, urlsplit

from tests.cluster.google_cloud.http_messages import Answer, ApiError, Request, Response

_EMPTY_LINE: Final = re.compile(rb"(?:\A|\r?\n)\r?\n")
_BOUNDARY: Final = re.compile(r'boundary="?([^";]+)"?')


@dataclass(frozen=True)
class Part:
    """One of them.

    Attributes:
        headers: their names in lower case.
        content: what comes after them.
    """

    headers: Mapping[str, str]
    content: bytes

    def stream(self) -> BinaryIO:
        """The content, to read."""
        return io.BytesIO(self.content)


def parts_of(body: bytes, content_type: str) -> list[Part]:
    """Takes a body apart; lines may end either way.

    Args:
        body: all of it.
        content_type: names what is between the parts.
    """
    found = _BOUNDARY.search(content_type)
    if found is None:
        raise ApiError(400, f"no boundary in {content_type}")
    between = re.compile(rb"(?:^|\r?\n)--" + re.escape(found[1].encode()) + rb"(?:--)?[ \t]*(?:\r?\n|$)")
    # What lies before the first mark and after the last is not part of it.
    return [_part(part) for part in between.split(body)[1:-1]]


def answer_batch(request: Request, answer: Answer) -> Response:
    """Answers each of the requests in a batch, in order.

    Args:
        request: the batch.
        answer: answers one of them.
    """
    boundary = f"batch_{secrets.token_hex(8)}"
    answered = b""
    for part in parts_of(request.body.read(request.length), request.headers["content-type"]):
        response = _one(_asked(part, request), answer)
        body = response.body
        assert isinstance(body, bytes), "media cannot be had in a batch"
        head = f"HTTP/1.1 {response.status} {HTTPStatus(response.status).phrase}\r\n"
        lines = {**response.headers, "Content-Length": str(len(body))}
        head += "".join(f"{name}: {value}\r\n" for name, value in lines.items())
        whose = part.headers.get("content-id", "").replace("<", "<response-")
        answered += f"--{boundary}\r\nContent-Type: application/http\r\nContent-ID: {whose}\r\n\r\n".encode()
        answered += head.encode() + b"\r\n" + body + b"\r\n"
    return Response(
        200, answered + f"--{boundary}--".encode(), {"Content-Type": f"multipart/mixed; boundary={boundary}"}
    )


def _one(request: Request, answer: Answer) -> Response:
    try:
        response = answer(request)
    except ApiError as error:
        return error.response()
    if response is None:
        raise LookupError(f"nothing here knows {request.url}")
    return response


def _asked(part: Part, batch: Request) -> Request:
    first, _, rest = part.content.lstrip().partition(b"\n")
    method, url, _ = first.decode().split()
    target = urlsplit(url)
    inner = _part(rest)
    return Request(
        method,
        target.hostname or batch.host,
        target.path,
        dict(parse_qsl(target.query, keep_blank_values=True)),
        inner.headers,
        inner.stream(),
        len(inner.content),
    )


def _part(text: bytes) -> Part:
    """Takes headers and content apart, between which there is an empty line; there may be no headers."""
    head, content = (*_EMPTY_LINE.split(text, maxsplit=1), b"")[:2]
    lines = (line.partition(":") for line in head.decode().splitlines() if line)
    return Part({name.strip().lower(): value.strip() for name, _, value in lines}, content)
