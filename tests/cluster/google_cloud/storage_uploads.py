"""Uploads in pieces."""

from __future__ import annotations

import re
import secrets
import threading
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import quote

from tests.cluster.google_cloud.http_messages import ApiError, Request, Response, json_response
from tests.cluster.google_cloud.object_store import DEFAULT_TYPE, Incoming, ObjectStore, Precondition

_PIECE: Final = 256 * 1024
_RANGE: Final = re.compile(r"bytes (?:(\d+)-(\d+)|\*)/(\d+|\*)")


@dataclass
class _Upload:
    """One that has begun; `done` is the object's description once it is complete."""

    bucket: str
    name: str
    incoming: Incoming
    precondition: Precondition
    content_type: str
    metadata: dict[str, str]
    done: dict[str, Any] | None = None
    lock: threading.Lock = field(default_factory=threading.Lock)


class Uploads:
    """The resumable uploads of a store."""

    def __init__(self, store: ObjectStore) -> None:
        """Puts what is complete into `store`."""
        self._store = store
        self._open: dict[str, _Upload] = {}

    def begin(self, request: Request, bucket: str, precondition: Precondition) -> Response:
        """Answers with the address to send the bytes to."""
        about = request.json()
        name = request.query.get("name") or about["name"]
        kind = about.get("contentType") or request.headers.get("x-upload-content-type", DEFAULT_TYPE)
        upload_id = secrets.token_urlsafe(24)
        self._open[upload_id] = _Upload(
            bucket, name, self._store.incoming(), precondition, kind, about.get("metadata", {})
        )
        where = f"{request.path}?uploadType=resumable&name={quote(name, safe='')}&upload_id={upload_id}"
        headers = {"Location": f"https://{request.host}{where}", "X-GUploader-UploadID": upload_id}
        return Response(200, b"", headers)

    def go_on(self, request: Request, bucket: str) -> Response:
        """Takes a piece, or says how far the upload is."""
        upload = self._upload(request)
        with upload.lock:
            if upload.done is None:
                self._take(upload, request)
            if upload.done is None:
                so_far = upload.incoming.size
                return Response(308, b"", {"Range": f"bytes=0-{so_far - 1}"} if so_far else {})
            return json_response(upload.done)

    def give_up(self, request: Request, bucket: str) -> Response:
        """Forgets an upload."""
        self._upload(request).incoming.file.unlink(missing_ok=True)
        del self._open[request.query["upload_id"]]
        return Response(499)

    def _upload(self, request: Request) -> _Upload:
        upload = self._open.get(request.query["upload_id"])
        if upload is None:
            raise ApiError(404, "No such upload.", "notFound")
        return upload

    def _take(self, upload: _Upload, request: Request) -> None:
        """Takes what comes with a request; without a range that is everything."""
        said = request.headers.get("content-range")
        found = _RANGE.fullmatch(said) if said else None
        if said and not found:
            raise ApiError(400, f"Failed to parse Content-Range header: {said}")
        start, last, total = found.groups() if found else ("0", str(request.length - 1), str(request.length))
        if start is not None:
            length = int(last) - int(start) + 1
            if int(start) != upload.incoming.size or length != request.length:
                raise ApiError(400, f"{said}: {upload.incoming.size} bytes are here, {request.length} came")
            if total == "*" and length % _PIECE:
                raise ApiError(400, f"{said}: pieces but the last are multiples of {_PIECE} bytes")
            upload.incoming.append(request.body, length)
        if total != "*" and int(total) == upload.incoming.size:
            made = self._store.put(
                *(upload.bucket, upload.name, upload.incoming, upload.precondition),
                *(upload.content_type, upload.metadata),
            )
            upload.done = made.described()
