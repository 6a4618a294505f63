"""Cloud Storage: the JSON API as google-cloud-storage and TensorFlow use it, and how TensorFlow reads."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any, Final
from urllib.parse import unquote

from tests.cluster.google_cloud.http_messages import ApiError, FilePart, Request, Response, json_response
from tests.cluster.google_cloud.object_store import DEFAULT_TYPE, ObjectStore, Precondition
from tests.cluster.google_cloud.storage_batch import answer_batch, parts_of
from tests.cluster.google_cloud.storage_uploads import Uploads

_HOSTS: Final = {"storage.googleapis.com", "www.googleapis.com"}
_PAGE: Final = 1000
# They change what is told, and nothing that is done; more than was asked for may always be told.
_ONLY_TELLING: Final = {"alt", "fields", "key", "prettyPrint", "projection", "quotaUser", "userProject"}
# Those that are asked for here; names of several are one parameter, several times.
_RIGHTS: Final = {
    "storage.buckets.get",
    *(f"storage.objects.{what}" for what in ("create", "delete", "get", "list")),
}
# Of what is deleted; Beam warns of buckets that do.
_NOTHING_IS_KEPT: Final = {"softDeletePolicy": {"retentionDurationSeconds": "0"}}
_RANGE: Final = re.compile(r"bytes=(?:(\d+)-(\d*)|-(\d+))")
_BUCKET, _OBJECT = r"/storage/v1/b/([^/]+)", r"/storage/v1/b/([^/]+)/o/([^/]+)"
_UPLOAD: Final = r"/(?:resumable/)?upload/storage/v1/b/([^/]+)/o"


class StorageApi:
    """Answers requests to Cloud Storage.

    A parameter that nothing here heeds is an error, so that no condition is passed over in silence.

    Attributes:
        withheld: rights that nobody has, as far as who asks for them is told.
    """

    def __init__(self, store: ObjectStore) -> None:
        """Serves what is in `store`."""
        self._store = store
        self.withheld: set[str] = set()
        self._uploads = Uploads(store)
        copy = {"ifGenerationMatch", "ifGenerationNotMatch", "sourceGeneration", "rewriteToken"}
        read = {"generation", "ifGenerationMatch", "ifGenerationNotMatch"}
        listing = {"prefix", "delimiter", "pageToken", "maxResults", "startOffset", "endOffset"}
        upload = {"uploadType", "name", "ifGenerationMatch", "ifGenerationNotMatch"}
        self._known: list[tuple[str, str, Callable[..., Response], set[str]]] = [
            ("GET", _BUCKET, self._bucket, set()),
            ("GET", f"{_BUCKET}/iam/testPermissions", self._rights, {"permissions"}),
            ("GET", f"{_BUCKET}/o", self._list, listing | {"includeTrailingDelimiter"}),
            ("GET", _OBJECT, self._read, read),
            ("GET", f"/download{_OBJECT}", self._media, read),
            ("DELETE", _OBJECT, self._delete, read),
            ("POST", f"{_OBJECT}/copyTo/b/([^/]+)/o/([^/]+)", self._copy, copy),
            ("POST", f"{_OBJECT}/rewriteTo/b/([^/]+)/o/([^/]+)", self._rewrite, copy),
            ("POST", f"{_OBJECT}/compose", self._compose, upload),
            ("POST", _UPLOAD, self._upload, upload),
            ("PUT", _UPLOAD, self._uploads.go_on, upload | {"upload_id"}),
            ("DELETE", _UPLOAD, self._uploads.give_up, upload | {"upload_id"}),
            ("POST", "/batch/storage/v1", self._batch, set()),
            # What TensorFlow reads with.
            ("GET", r"/(?!storage/|upload/|download/|batch/)([^/]+)/([^/]+)", self._media, set()),
        ]

    def answer(self, request: Request) -> Response | None:
        """Answers what it knows."""
        if request.host not in _HOSTS:
            return None
        for method, path, answer, parameters in self._known:
            found = re.fullmatch(path, request.path) if method == request.method else None
            if found and set(request.query) <= parameters | _ONLY_TELLING:
                return answer(request, *(unquote(part) for part in found.groups()))
        return None

    def _bucket(self, request: Request, bucket: str) -> Response:
        self._store.bucket(bucket)
        about = {"kind": "storage#bucket", "id": bucket, "name": bucket, "projectNumber": "1"}
        return json_response(
            {**about, "location": "US-CENTRAL1", "storageClass": "STANDARD", **_NOTHING_IS_KEPT}
        )

    def _rights(self, request: Request, bucket: str) -> Response:
        self._store.bucket(bucket)
        return json_response({"permissions": sorted(_RIGHTS - self.withheld)})

    def _list(self, request: Request, bucket: str) -> Response:
        query = request.query
        prefix, delimiter = query.get("prefix", ""), query.get("delimiter", "")
        after, first, end = (query.get(name, "") for name in ("pageToken", "startOffset", "endOffset"))
        most = min(int(query.get("maxResults", _PAGE)), _PAGE)
        items: list[dict[str, Any]] = []
        prefixes: list[str] = []
        token = None
        for name in self._store.names(bucket, prefix):
            shown, cut, _ = name[len(prefix) :].partition(delimiter) if delimiter else ("", "", "")
            folder = prefix + shown + cut if cut else ""
            # Tokens are the last name or prefix of a page.
            if (folder or name) <= after or name < first or (end and name >= end):
                continue
            if folder and prefixes[-1:] == [folder]:
                continue
            if len(items) + len(prefixes) == most:
                token = max([item["name"] for item in items[-1:]] + prefixes[-1:])
                break
            if folder:
                prefixes.append(folder)
            elif there := self._store.find(bucket, name):
                items.append(there.described())
        told: dict[str, Any] = {"kind": "storage#objects"}
        told |= {"items": items} if items else {}
        told |= {"prefixes": prefixes} if prefixes else {}
        return json_response(told | ({"nextPageToken": token} if token else {}))

    def _read(self, request: Request, bucket: str, name: str) -> Response:
        if request.query.get("alt") == "media":
            return self._media(request, bucket, name)
        found = self._store.get(bucket, name, _precondition(request))
        return json_response(found.described())

    def _media(self, request: Request, bucket: str, name: str) -> Response:
        found, file = self._store.open(bucket, name, _precondition(request))
        headers = {
            "Content-Type": found.content_type,
            "X-Goog-Hash": f"crc32c={found.crc32c},md5={found.md5}",
            "X-Goog-Generation": str(found.generation),
            "X-Goog-Stored-Content-Encoding": "identity",
            "X-Goog-Stored-Content-Length": str(found.size),
            "Accept-Ranges": "bytes",
        }
        asked = _RANGE.fullmatch(request.headers.get("range", ""))
        if not asked:
            return Response(200, FilePart(file, found.size), headers)
        first, last, of_the_end = asked.groups()
        start = int(first) if first else max(0, found.size - int(of_the_end))
        stop = min(found.size, int(last) + 1) if last else found.size
        if start >= stop:
            file.close()
            return Response(416, b"", {"Content-Range": f"bytes */{found.size}"})
        file.seek(start)
        headers["Content-Range"] = f"bytes {start}-{stop - 1}/{found.size}"
        return Response(206, FilePart(file, stop - start), headers)

    def _delete(self, request: Request, bucket: str, name: str) -> Response:
        self._store.delete(bucket, name, _precondition(request))
        return Response(204)

    def _copy(self, request: Request, bucket: str, name: str, to_bucket: str, to_name: str) -> Response:
        source = self._store.get(bucket, name, Precondition(_number(request, "sourceGeneration")))
        made = self._store.copy(source, to_bucket, to_name, _precondition(request))
        return json_response(made.described())

    def _rewrite(self, request: Request, *names: str) -> Response:
        made = json.loads(bytes(self._copy(request, *names).body))  # type: ignore[arg-type]
        sizes = {"totalBytesRewritten": made["size"], "objectSize": made["size"]}
        return json_response({"kind": "storage#rewriteResponse", **sizes, "done": True, "resource": made})

    def _compose(self, request: Request, bucket: str, name: str) -> Response:
        asked = request.json()
        incoming = self._store.incoming()
        for source in asked["sourceObjects"]:
            found, file = self._store.open(bucket, source["name"], Precondition(source.get("generation")))
            with file:
                incoming.append(file, found.size)
        kind = asked.get("destination", {}).get("contentType", DEFAULT_TYPE)
        return json_response(
            self._store.put(bucket, name, incoming, _precondition(request), kind).described()
        )

    def _upload(self, request: Request, bucket: str) -> Response:
        self._store.bucket(bucket)
        precondition, kind = _precondition(request), request.headers.get("content-type", DEFAULT_TYPE)
        match request.query["uploadType"]:
            case "resumable":
                return self._uploads.begin(request, bucket, precondition)
            case "multipart":
                about, content = parts_of(request.body.read(request.length), kind)
                told = json.loads(about.content)
                name, metadata = told["name"], told.get("metadata")
                kind = told.get("contentType") or content.headers.get("content-type", DEFAULT_TYPE)
                incoming = self._store.incoming()
                incoming.append(content.stream(), len(content.content))
            case _:
                name, metadata = request.query["name"], None
                incoming = self._store.incoming()
                incoming.append(request.body, request.length)
        return json_response(
            self._store.put(bucket, name, incoming, precondition, kind, metadata).described()
        )

    def _batch(self, request: Request) -> Response:
        return answer_batch(request, self.answer)


def _precondition(request: Request) -> Precondition:
    generation = _number(request, "generation")
    match = _number(request, "ifGenerationMatch") if generation is None else generation
    return Precondition(match, _number(request, "ifGenerationNotMatch"))


def _number(request: Request, parameter: str) -> int | None:
    value = request.query.get(parameter)
    try:
        return None if value is None else int(value)
    except ValueError:
        raise ApiError(400, f"Invalid value for {parameter}: {value}") from None
