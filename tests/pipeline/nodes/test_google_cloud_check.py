"""What is said when Google Cloud cannot be asked; tests/cluster asks one that answers."""

from __future__ import annotations

import json
import socket
from pathlib import Path

import pytest

from components.contract import UnreachableError
from pipeline.nodes.google_cloud_check import check_google_cloud
from pipeline.settings.beam_settings import DataflowSettings

SERVICE = DataflowSettings(
    project="pets", region="europe-west4", temp_location="gs://pets-tmp/imgclf", image="i"
)
USER = {"type": "authorized_user", "client_id": "i", "client_secret": "s", "refresh_token": "t"}


@pytest.fixture
def key(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The file that Google's libraries take a key from, and no other place; it is not there yet."""
    monkeypatch.setenv("CLOUDSDK_CONFIG", str(tmp_path / "nothing"))
    monkeypatch.setenv("NO_GCE_CHECK", "true")
    path = tmp_path / "key.json"
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(path))
    return path


def test_nobody(key: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GOOGLE_APPLICATION_CREDENTIALS")
    with pytest.raises(UnreachableError, match="^beam.dataflow: no credentials for Google Cloud .Your defau"):
        check_google_cloud(SERVICE)


@pytest.mark.parametrize(
    ("content", "why"), [(None, "key.json was not found"), ("{", "not a valid json"), ("{}", "type")]
)
def test_a_key_that_is_none(key: Path, content: str | None, why: str) -> None:
    if content is not None:
        key.write_text(content)
    with pytest.raises(
        UnreachableError, match=f"no credentials for Google Cloud .*{why}.*gcloud auth"
    ) as told:
        check_google_cloud(SERVICE)
    assert "\n" not in str(told.value)


def test_a_cloud_that_is_out_of_reach(key: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    key.write_text(json.dumps(USER))
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{nobody.getsockname()[1]}")
        with pytest.raises(
            UnreachableError, match="does not say what may be done in gs://pets-tmp .*"
        ) as told:
            check_google_cloud(SERVICE)
    assert "\n" not in str(told.value)
