"""Google Cloud on loopback: Cloud Storage and Dataflow, behind TLS, for clients as they are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from tests.cluster.google_cloud.certificates import make_certificates
from tests.cluster.google_cloud.credentials import Credentials
from tests.cluster.google_cloud.https_proxy import HttpsProxy
from tests.cluster.google_cloud.object_store import ObjectStore, Precondition
from tests.cluster.google_cloud.storage_api import StorageApi

PROJECT: Final = "imgclf-tests"
ROOT: Final = Path(__file__).parents[3]


class Bucket:
    """A bucket, as tests fill it and look into it."""

    def __init__(self, store: ObjectStore, name: str) -> None:
        """Takes the store and the name, without `gs://`."""
        self._store, self.name = store, name
        self.uri = f"gs://{name}"

    def upload_folder(self, folder: Path, prefix: str = "") -> str:
        """Puts all files of a folder under a prefix, and returns its URI."""
        for file in sorted(path for path in folder.rglob("*") if path.is_file()):
            name = f"{prefix.strip('/')}/{file.relative_to(folder).as_posix()}".lstrip("/")
            with file.open("rb") as content:
                incoming = self._store.incoming()
                incoming.append(content, file.stat().st_size)
            self._store.put(self.name, name, incoming, Precondition())
        return f"{self.uri}/{prefix.strip('/')}".rstrip("/")

    def names(self, prefix: str = "") -> list[str]:
        """Names of the objects that begin so, in order."""
        return self._store.names(self.name, prefix)

    def read(self, name: str) -> bytes:
        """The bytes of an object."""
        _, file = self._store.open(self.name, name, Precondition())
        with file:
            return file.read()


class GoogleCloud:
    """What tests have of it.

    Attributes:
        environment: for the processes of clients.
        unanswered: requests that nothing here knew; a test may assert that there were none.
    """

    def __init__(self, store: ObjectStore, proxy: HttpsProxy, environment: Mapping[str, str]) -> None:
        """Use `started`."""
        self._store, self._proxy = store, proxy
        self.environment = environment

    @classmethod
    @contextmanager
    def started(cls, folder: Path) -> Iterator[GoogleCloud]:
        """Serves until the end of the block.

        Args:
            folder: for keys, logs and all that is stored; it is made.
        """
        clients = folder / "clients"
        clients.mkdir(parents=True)
        ca, context = make_certificates(clients)
        credentials, key = Credentials(PROJECT), clients / "service-account.json"
        credentials.write_key_file(key)
        store = ObjectStore(folder / "objects")
        proxy = HttpsProxy(context, [credentials.answer, StorageApi(store).answer], folder / "requests.log")
        proxy.start()
        try:
            yield cls(store, proxy, _environment(proxy.url, ca, key))
        finally:
            proxy.stop()

    @property
    def unanswered(self) -> list[str]:
        """Requests that nothing here knew, or broke at."""
        return self._proxy.unanswered

    def bucket(self, name: str) -> Bucket:
        """A bucket, made if need be."""
        self._store.add_bucket(name)
        return Bucket(self._store, name)


def _environment(proxy: str, ca: Path, key: Path) -> dict[str, str]:
    """What the clients' own libraries read."""
    near = "localhost,127.0.0.1"
    proxies = dict.fromkeys(("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"), proxy)
    return proxies | {
        "no_proxy": near,
        "NO_PROXY": near,
        # TensorFlow, by libcurl.
        "CURL_CA_BUNDLE": str(ca),
        # google-cloud-storage and google-auth.
        "REQUESTS_CA_BUNDLE": str(ca),
        # apitools, that is Beam's client of Dataflow.
        "HTTPLIB2_CA_CERTS": str(ca),
        "GOOGLE_APPLICATION_CREDENTIALS": str(key),
        "GOOGLE_CLOUD_PROJECT": PROJECT,
        # Nobody looks for a machine of Google's to be on.
        "NO_GCE_CHECK": "true",
    }
