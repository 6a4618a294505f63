"""Google Cloud on loopback: Cloud Storage and Dataflow, behind TLS, for clients as they are."""

from __future__ import annotations

import secrets
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from tests.cluster.google_cloud.certificates import make_certificates
from tests.cluster.google_cloud.credentials import Credentials
from tests.cluster.google_cloud.dataflow_api import DataflowApi
from tests.cluster.google_cloud.dataflow_job import ROOT, DataflowJob
from tests.cluster.google_cloud.hidden_folders import check_hidden
from tests.cluster.google_cloud.http_messages import Answer
from tests.cluster.google_cloud.https_proxy import HttpsProxy
from tests.cluster.google_cloud.object_store import ObjectStore, Precondition
from tests.cluster.google_cloud.storage_api import StorageApi

PROJECT: Final = "imgclf-tests"


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
        dataflow_options: for pipelines, because Beam's client of Dataflow goes past proxies.
        hidden: folders that jobs do not see.
        withheld: rights that clients are told they do not have.
        unanswered: requests that nothing here knew; a test may assert that there were none.
    """

    def __init__(
        self,
        store: ObjectStore,
        storage: StorageApi,
        proxy: HttpsProxy,
        dataflow: DataflowApi,
        environment: Mapping[str, str],
        hidden: Sequence[Path],
        dataflow_address: str,
    ) -> None:
        """Use `started`."""
        self._store, self._proxy, self._dataflow = store, proxy, dataflow
        self.withheld = storage.withheld
        self.environment, self.hidden = environment, hidden
        self.dataflow_options = [f"--dataflow_endpoint=https://{dataflow_address}"]

    @classmethod
    @contextmanager
    def started(cls, folder: Path, hidden: Sequence[Path] = ()) -> Iterator[GoogleCloud]:
        """Serves until the end of the block, which ends the jobs as well.

        Args:
            folder: for keys, logs and all that is stored; it is made.
            hidden: folders that jobs do not see, as they would not see a client's from Google. What is stored
                is hidden from them as well.

        Raises:
            ValueError: one of `hidden` is not there, or jobs need what is in it.
            NotPossibleHereError: processes can have no mounts of their own here, or nobody may listen on 443.
        """
        clients, objects = folder / "clients", folder / "objects"
        clients.mkdir(parents=True)
        # Its own, because several of these may be at work on a machine.
        dataflow_address = "127." + ".".join(str(1 + secrets.randbelow(254)) for _ in range(3))
        ca, context = make_certificates(clients, dataflow_address)
        credentials, key = Credentials(PROJECT), clients / "service-account.json"
        credentials.write_key_file(key)
        store = ObjectStore(objects)
        not_seen = [*hidden, objects]
        check_hidden(not_seen, [clients, ROOT, Path(sys.prefix), Path(sys.base_prefix)])
        storage = StorageApi(store)
        answers: list[Answer] = [credentials.answer, storage.answer]
        proxy = HttpsProxy(context, answers, folder / "requests.log", dataflow_address)
        environment = _environment(proxy.url, dataflow_address, ca, key)
        dataflow = DataflowApi(folder / "jobs", environment, not_seen)
        answers.append(dataflow.answer)
        proxy.start()
        try:
            yield cls(store, storage, proxy, dataflow, environment, hidden, dataflow_address)
        finally:
            dataflow.stop()
            proxy.stop()

    @property
    def jobs(self) -> list[DataflowJob]:
        """Of Dataflow, the oldest first."""
        return self._dataflow.jobs

    @property
    def unanswered(self) -> list[str]:
        """Requests that nothing here knew, or broke at."""
        return self._proxy.unanswered

    def bucket(self, name: str) -> Bucket:
        """A bucket, made if need be."""
        self._store.add_bucket(name)
        return Bucket(self._store, name)


def _environment(proxy: str, dataflow: str, ca: Path, key: Path) -> dict[str, str]:
    """What the clients' own libraries read."""
    near = f"localhost,127.0.0.1,{dataflow}"
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
