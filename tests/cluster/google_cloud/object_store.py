"""Buckets of objects, the bytes of each in a file."""

from __future__ import annotations

import base64
import datetime
import hashlib
import os
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, BinaryIO, Final

import google_crc32c

from tests.cluster.google_cloud.http_messages import ApiError, Readable

_BLOCK: Final = 1 << 20
DEFAULT_TYPE: Final = "application/octet-stream"


@dataclass(frozen=True)
class Precondition:
    """On the generation of the object that is there: 0 when there is none.

    Attributes:
        match: it has to be this one.
        not_match: it must not be this one.
    """

    match: int | None = None
    not_match: int | None = None

    def check(self, generation: int) -> None:
        """Raises: ApiError: it is not met."""
        if self.match not in (None, generation) or self.not_match == generation:
            message = "At least one of the pre-conditions you specified did not hold."
            raise ApiError(412, message, "conditionNotMet")


@dataclass(frozen=True)
class StoredObject:
    """An object: never changed, only replaced.

    Attributes:
        bucket: its bucket.
        name: its name there.
        content: the file with its bytes.
        size: in bytes.
        md5: base64.
        crc32c: base64.
        generation: a number that grows with every object.
        updated: when it was written.
        content_type: as told by who wrote it.
        metadata: likewise.
    """

    bucket: str
    name: str
    content: Path
    size: int
    md5: str
    crc32c: str
    generation: int
    updated: datetime.datetime
    content_type: str = DEFAULT_TYPE
    metadata: Mapping[str, str] = field(default_factory=dict)

    def described(self) -> dict[str, Any]:
        """As the JSON API does it."""
        when = self.updated.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        return {
            "kind": "storage#object",
            "id": f"{self.bucket}/{self.name}/{self.generation}",
            "name": self.name,
            "bucket": self.bucket,
            "generation": str(self.generation),
            "metageneration": "1",
            "contentType": self.content_type,
            "storageClass": "STANDARD",
            "size": str(self.size),
            "md5Hash": self.md5,
            "crc32c": self.crc32c,
            "etag": base64.b64encode(str(self.generation).encode()).decode(),
            "timeCreated": when,
            "updated": when,
            "metadata": dict(self.metadata),
        }


class Incoming:
    """Bytes on their way to become an object.

    Attributes:
        file: where they lie until then.
        size: how many they are so far.
    """

    def __init__(self, file: Path) -> None:
        """Begins an empty file."""
        self.file, self.size = file, 0
        self._md5, self._crc32c = hashlib.md5(usedforsecurity=False), google_crc32c.Checksum()
        file.touch()

    def append(self, stream: Readable, length: int) -> None:
        """Adds `length` bytes of a stream; those that came before it broke stay."""
        with self.file.open("ab") as out:
            while length:
                block = stream.read(min(length, _BLOCK))
                if not block:
                    raise ConnectionError("the body is cut off")
                out.write(block)
                self._md5.update(block)
                self._crc32c.update(block)
                self.size += len(block)
                length -= len(block)

    @property
    def md5(self) -> str:
        """Of all bytes so far, base64."""
        return base64.b64encode(self._md5.digest()).decode()

    @property
    def crc32c(self) -> str:
        """Of all bytes so far, base64."""
        return base64.b64encode(self._crc32c.digest()).decode()


class ObjectStore:
    """All buckets."""

    def __init__(self, folder: Path) -> None:
        """Begins without buckets; `folder`, which it makes, is for the bytes."""
        folder.mkdir()
        self.folder = folder
        self._lock = threading.Lock()
        self._files = 0
        self._generation = 1_700_000_000_000_000
        self._buckets: dict[str, dict[str, StoredObject]] = {}

    def add_bucket(self, bucket: str) -> None:
        """Makes a bucket if there is none of that name."""
        with self._lock:
            self._buckets.setdefault(bucket, {})

    def incoming(self) -> Incoming:
        """Begins new bytes."""
        return Incoming(self._new_file())

    def names(self, bucket: str, prefix: str = "") -> list[str]:
        """Names that begin so, in order."""
        with self._lock:
            return sorted(name for name in self.bucket(bucket) if name.startswith(prefix))

    def bucket(self, bucket: str) -> dict[str, StoredObject]:
        """Raises: ApiError: there is no such bucket."""
        if bucket not in self._buckets:
            raise ApiError(404, "The specified bucket does not exist.", "notFound")
        return self._buckets[bucket]

    def find(self, bucket: str, name: str) -> StoredObject | None:
        """The object, or None."""
        return self.bucket(bucket).get(name)

    def get(self, bucket: str, name: str, precondition: Precondition | None = None) -> StoredObject:
        """Raises: ApiError: there is no such object."""
        found = self.find(bucket, name)
        if found is None:
            raise _missing(bucket, name)
        (precondition or Precondition()).check(found.generation)
        return found

    def open(self, bucket: str, name: str, precondition: Precondition) -> tuple[StoredObject, BinaryIO]:
        """The object and its bytes, which stay though it is replaced meanwhile."""
        with self._lock:
            found = self.get(bucket, name, precondition)
            return found, found.content.open("rb")

    def put(
        self,
        bucket: str,
        name: str,
        incoming: Incoming,
        precondition: Precondition,
        content_type: str = DEFAULT_TYPE,
        metadata: Mapping[str, str] | None = None,
    ) -> StoredObject:
        """Makes an object of bytes that have all come, in place of the one that is there."""

        def make() -> StoredObject:
            about = (incoming.size, incoming.md5, incoming.crc32c, self._generation, _now())
            return StoredObject(bucket, name, incoming.file, *about, content_type, metadata or {})

        return self._replace(bucket, name, make, precondition)

    def copy(self, source: StoredObject, bucket: str, name: str, precondition: Precondition) -> StoredObject:
        """Makes the same object elsewhere."""
        file = self._new_file()
        try:
            os.link(source.content, file)
        except FileNotFoundError:
            raise _missing(source.bucket, source.name) from None
        return self._replace(
            bucket,
            name,
            lambda: replace(
                source, bucket=bucket, name=name, content=file, generation=self._generation, updated=_now()
            ),
            precondition,
        )

    def delete(self, bucket: str, name: str, precondition: Precondition) -> None:
        """Raises: ApiError: there is no such object."""
        with self._lock:
            found = self.get(bucket, name, precondition)
            del self.bucket(bucket)[name]
        found.content.unlink()

    def _replace(
        self, bucket: str, name: str, make: Callable[[], StoredObject], precondition: Precondition
    ) -> StoredObject:
        with self._lock:
            objects = self.bucket(bucket)
            before = objects.get(name)
            precondition.check(before.generation if before else 0)
            self._generation += 1
            objects[name] = stored = make()
        if before:
            before.content.unlink()
        return stored

    def _new_file(self) -> Path:
        with self._lock:
            self._files += 1
            return self.folder / str(self._files)


def _missing(bucket: str, name: str) -> ApiError:
    return ApiError(404, f"No such object: {bucket}/{name}", "notFound")


def _now() -> datetime.datetime:
    return datetime.datetime.now(datetime.timezone.utc)
