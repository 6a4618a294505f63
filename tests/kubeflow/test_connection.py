from __future__ import annotations

import builtins
import socket
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from components.contract import ConfigError
from kubeflow.client import KubeflowClient
from kubeflow.compile_command import compile_file
from kubeflow.connection import connect
from kubeflow.server_errors import ServerUnavailableError
from tests.kubeflow.kfp_in_memory import FakeKfp

ROOT = Path(__file__).parents[2]


def test_a_token_comes_from_the_environment(
    kfp_server: FakeKfp, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    kfp_server.token = "secret"
    with pytest.raises(ConfigError, match="does not let you in .401 .*no user identity.*KFP_EXISTING_TOKEN"):
        connect(kfp_server.host, None)
    (tmp_path / "token").write_text("secret\n")
    monkeypatch.setenv("KF_PIPELINES_SA_TOKEN_PATH", str(tmp_path / "token"))
    connect(kfp_server.host, None)
    (tmp_path / "token").write_text("other\n")
    monkeypatch.setenv("KFP_EXISTING_TOKEN", "secret")
    connect(kfp_server.host, None)
    monkeypatch.setenv("KFP_EXISTING_TOKEN", "wrong")
    with pytest.raises(ConfigError, match="does not let you in") as refused:
        connect(kfp_server.host, None)
    assert "wrong" not in str(refused.value)


@pytest.mark.parametrize(
    ("status", "body", "complaint"),
    [
        (401, "", "does not let you in .401 Unauthorized."),
        (403, '{"message": "no access\\nat all."}', "does not let you in .403 no access at all."),
        (404, "<html>", "knows of no such thing .404 Not Found.. Is --host"),
        (500, '{"error_message": "broken"}', "failed .500 broken.. Try again"),
        (400, '{"message": 7}', r"refuses .400.: Bad Request"),
        (200, "<html>log in</html>", "answers with a web page, maybe one to log in with"),
    ],
)
def test_failures_in_a_sentence_and_at_once(
    kfp_server: FakeKfp,
    capfd: pytest.CaptureFixture[str],
    status: int,
    body: str,
    complaint: str,
) -> None:
    kfp_server.failures = {"GET /healthz": (status, body)}
    with pytest.raises(ConfigError, match=complaint) as refused:
        connect(kfp_server.host, None)
    assert kfp_server.host in str(refused.value)
    assert len(kfp_server.calls) == 1
    assert capfd.readouterr() == ("", "")


def test_a_server_that_is_down(kfp_server: FakeKfp, capfd: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        host = f"http://127.0.0.1:{nobody.getsockname()[1]}"
        with pytest.raises(ServerUnavailableError, match=f"at {host} does not answer: .*Connection refused"):
            connect(host, None)
    assert capfd.readouterr() == ("", "")


def test_a_server_that_stops_answering(kfp_server: FakeKfp, monkeypatch: pytest.MonkeyPatch) -> None:
    client = KubeflowClient(connect(kfp_server.host, None))
    monkeypatch.setattr("kubeflow.connection._SECONDS", (5, 0.2))
    over = threading.Event()
    monkeypatch.setattr(kfp_server, "answer", lambda *request: over.wait())
    try:
        with pytest.raises(ServerUnavailableError, match="does not answer: .*timed out"):
            client.runs(1)
    finally:
        over.set()


@pytest.mark.parametrize("body", ["", '{"runs": [{"run_id": "1"'])
def test_an_answer_in_part_is_not_one_without_runs(kfp_server: FakeKfp, body: str) -> None:
    client = KubeflowClient(connect(kfp_server.host, None))
    kfp_server.failures = {"GET /runs": (200, body)}
    with pytest.raises(ServerUnavailableError, match="broke off in the middle of its answer"):
        client.runs(1)


def test_nothing_is_said_beside_the_sentence() -> None:
    """In a process of its own, where nobody catches warnings and logs."""
    code = (
        "import logging\n"
        "logging.info('as kfp does, which sets logging up')\n"
        "from components.contract import ConfigError\n"
        "from kubeflow.connection import connect\n"
        "try: connect('http://127.0.0.1:1', None)\n"
        "except ConfigError: pass\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert (done.stdout, done.stderr) == ("", "")


def test_a_server_of_another_protocol(kfp_server: FakeKfp) -> None:
    with pytest.raises(ServerUnavailableError, match="does not answer: .*SSL"):
        connect(kfp_server.host.replace("http:", "https:"), None)


@pytest.mark.parametrize("host", ["ftp://x", "http://", "http://x:port", "http://x:0"])
def test_a_host_that_is_no_address(host: str) -> None:
    with pytest.raises(ConfigError, match="is no address; it looks like"):
        connect(host, None)


def test_without_kfp(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    real = builtins.__import__

    def without(name: str, *args: Any, **more: Any) -> Any:
        if name.split(".")[0] == "kfp":
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        return real(name, *args, **more)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ConfigError, match=r"pip install 'imgclf\[kubeflow\]'"):
        connect("http://x", None)
    with pytest.raises(ConfigError, match=r"pip install 'imgclf\[kubeflow\]'"):
        compile_file(None, (), tmp_path / "pipeline.yaml")


def test_on_a_python_whose_kfp_is_too_old(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("kubeflow.kfp_package._FIRST_PYTHON", (4,))
    with pytest.raises(ConfigError, match="kfp needs Python 3.11, and this is 3."):
        connect("http://x", None)
    with pytest.raises(ConfigError, match="kfp needs Python 3.11, and this is 3."):
        compile_file(None, (), tmp_path / "pipeline.yaml")
