from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from kfp import compiler

from kubeflow.client import KubeflowClient
from kubeflow.connection import connect
from tests.kubeflow.fake_kfp_server import serving
from tests.kubeflow.kfp_in_memory import FakeKfp
from tests.kubeflow.tiny_pipeline import flowers


@pytest.fixture(scope="session")
def pipeline_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A compiled pipeline with the parameters that imgclf's has."""
    path = tmp_path_factory.mktemp("compiled") / "pipeline.yaml"
    compiler.Compiler().compile(flowers, str(path))
    return path


@pytest.fixture
def kfp_server(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[FakeKfp]:
    """A server of this test alone, and no settings of whoever runs it."""
    for name in ("KFP_ENDPOINT", "KFP_NAMESPACE", "KFP_EXISTING_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    for name in ("KF_PIPELINES_ENDPOINT", "KF_PIPELINES_UI_ENDPOINT", "KF_PIPELINES_SA_TOKEN_PATH"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("kfp.client.Client._LOCAL_KFP_CONTEXT", str(tmp_path / "context.json"))
    with serving() as kfp:
        yield kfp


@pytest.fixture
def client(kfp_server: FakeKfp) -> KubeflowClient:
    """A client that is connected to it."""
    return KubeflowClient(connect(kfp_server.host, None))
