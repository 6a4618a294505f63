from __future__ import annotations

import logging
import shutil
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import grpc
import pytest
import tensorflow as tf
from tensorflow_serving.apis.get_model_status_pb2 import GetModelStatusRequest, ModelVersionStatus
from tensorflow_serving.apis.model_service_pb2_grpc import ModelServiceStub

from serving import contract, version_watcher
from serving.client import Client
from serving.embedded_server import EmbeddedServer
from serving.version_watcher import VersionWatcher
from tests.permissions import heeded_permissions
from tests.serving.conftest import GREEN, MODEL_NAME, RED, publish, strings


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Polls more often than each second."""
    monkeypatch.setattr(version_watcher, "POLL_SECONDS", 0.05)


@pytest.fixture
def model_dir(exported: Path, tmp_path: Path) -> Path:
    """Holds version 1."""
    publish(exported, tmp_path, 1)
    return tmp_path


@pytest.fixture
def watcher(model_dir: Path) -> Iterator[VersionWatcher]:
    """Serves model_dir."""
    watcher = VersionWatcher(model_dir)
    watcher.start()
    yield watcher
    watcher.stop()


def served(watcher: VersionWatcher) -> int:
    """The version that answers now."""
    with watcher.lease() as version:
        return version.version


def answers_with(client: Client, version: int) -> bool:
    """Whether the server has swapped to this version."""
    return client.model_version() == version


def eventually(condition: Callable[[], bool]) -> None:
    """Waits up to a minute."""
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_polls_each_second_by_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    assert version_watcher.POLL_SECONDS == 1.0


def test_a_newer_version_takes_over(exported: Path, model_dir: Path) -> None:
    with EmbeddedServer(model_dir, MODEL_NAME, port=0) as server:
        with Client(f"127.0.0.1:{server.port}", MODEL_NAME) as client:
            assert client.model_version() == 1
            publish(exported, model_dir, 10)
            eventually(partial(answers_with, client, 10))
            assert client.predict([GREEN])[0].label == "green"


def test_the_newest_of_several_versions_is_the_first_that_answers(
    exported: Path, model_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(version_watcher, "POLL_SECONDS", 60)
    for version in (9, 10):
        publish(exported, model_dir, version)
    watcher = VersionWatcher(model_dir)
    watcher.start()
    assert served(watcher) == 10
    watcher.stop()


def test_versions_with_zeros_before_them(exported: Path, model_dir: Path) -> None:
    (model_dir / "1").rename(model_dir / "0001")
    with EmbeddedServer(model_dir, MODEL_NAME, port=0) as server:
        with Client(f"127.0.0.1:{server.port}", MODEL_NAME) as client:
            assert client.model_version() == 1
            publish(exported, model_dir, 10).rename(model_dir / "0010")
            eventually(partial(answers_with, client, 10))
            assert client.predict([GREEN])[0].label == "green"


@pytest.mark.parametrize("name", [str(1 << 63), "٣"])
def test_names_that_are_no_version_for_tensorflow_serving(
    exported: Path, model_dir: Path, watcher: VersionWatcher, name: str
) -> None:
    publish(exported, model_dir, 2).rename(model_dir / name)
    time.sleep(0.3)
    assert served(watcher) == 1
    publish(exported, model_dir, (1 << 63) - 1)
    eventually(lambda: served(watcher) == (1 << 63) - 1)


def test_no_request_is_lost_in_the_swap(exported: Path, model_dir: Path) -> None:
    stop = threading.Event()

    def ask(client: Client) -> Counter[str]:
        answers: Counter[str] = Counter()
        while not stop.is_set():
            answers[client.predict([RED])[0].label] += 1
        return answers

    with (
        EmbeddedServer(model_dir, MODEL_NAME, port=0) as server,
        Client(f"127.0.0.1:{server.port}", MODEL_NAME) as client,
        ThreadPoolExecutor(4) as pool,
    ):
        askers = [pool.submit(ask, client) for _ in range(4)]
        try:
            for version in (2, 3, 4):
                publish(exported, model_dir, version)
                eventually(partial(answers_with, client, version))
        finally:
            stop.set()
        # A lost request would raise here.
        assert all(set(asker.result()) == {"red"} for asker in askers)


def test_a_version_in_use_stays_open(exported: Path, model_dir: Path, watcher: VersionWatcher) -> None:
    with watcher.lease() as version:
        publish(exported, model_dir, 2)
        eventually(lambda: served(watcher) == 2)
        time.sleep(0.1)
        answers = version.model.run(contract.SERVING_DEFAULT, {contract.IMAGE_BYTES: strings(RED)})
        assert (version.version, answers[contract.LABEL][0]) == (1, b"red")

    def closed() -> bool:
        try:
            version.model.run(contract.SERVING_DEFAULT, {contract.IMAGE_BYTES: strings(RED)})
        # The latter if the call was under way when the session closed.
        except (RuntimeError, tf.errors.CancelledError):
            return True
        return False

    eventually(closed)


def test_a_broken_newer_version_is_left_alone(
    exported: Path, wrongly_exported: Path, model_dir: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with EmbeddedServer(model_dir, MODEL_NAME, port=0) as server:
        with grpc.insecure_channel(f"127.0.0.1:{server.port}") as channel:

            def status() -> list[tuple[int, int]]:
                request = GetModelStatusRequest()
                request.model_spec.name = MODEL_NAME
                response = ModelServiceStub(channel).GetModelStatus(request)
                return [(one.version, one.state) for one in response.model_version_status]

            with caplog.at_level(logging.ERROR, logger="serving.version_watcher"):
                publish(wrongly_exported, model_dir, 2)
                broken = [(2, ModelVersionStatus.END), (1, ModelVersionStatus.AVAILABLE)]
                eventually(lambda: status() == broken)
                time.sleep(0.3)
            assert len(caplog.records) == 1
            assert "Keeping version 1" in caplog.text
            assert "Could not find variable" in caplog.text

            with Client(f"127.0.0.1:{server.port}", MODEL_NAME) as client:
                assert client.model_version() == 1
                assert client.predict([GREEN])[0].label == "green"

            publish(exported, model_dir, 3)
            eventually(lambda: status() == [(3, ModelVersionStatus.AVAILABLE)])


def test_a_failed_version_is_tried_again(
    exported: Path, model_dir: Path, watcher: VersionWatcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(version_watcher, "RETRY_SECONDS", 0.1)
    # Copied in the wrong order: saved_model.pb is there before the variables are.
    (model_dir / "2").mkdir()
    shutil.copy(exported / "saved_model.pb", model_dir / "2")
    eventually(lambda: watcher.failed is not None)
    assert served(watcher) == 1
    shutil.copytree(exported, model_dir / "2", dirs_exist_ok=True)
    eventually(lambda: served(watcher) == 2)
    assert watcher.failed is None


def test_a_version_that_may_not_be_entered_is_told_once_and_does_not_hide_newer_ones(
    exported: Path, model_dir: Path, caplog: pytest.LogCaptureFixture
) -> None:
    # Watchers' threads have the rights of the thread that starts them.
    with heeded_permissions():
        (watcher := VersionWatcher(model_dir)).start()
    try:
        (closed := model_dir / "2").mkdir(mode=0)
        eventually(lambda: bool(caplog.records))
        time.sleep(0.2)
        (record,) = caplog.records
        assert "Keeping version 1" in record.getMessage()
        assert f"cannot be read: {closed}/saved_model.pb; Permission denied" in record.getMessage()
        assert watcher.failed is not None and watcher.failed.version == 2
        publish(exported, model_dir, 3)
        eventually(lambda: served(watcher) == 3)
    finally:
        watcher.stop()


def test_deleting_the_newest_version_goes_back(
    exported: Path, model_dir: Path, watcher: VersionWatcher
) -> None:
    publish(exported, model_dir, 2)
    eventually(lambda: served(watcher) == 2)
    shutil.rmtree(model_dir / "2")
    eventually(lambda: served(watcher) == 1)


def test_an_unreachable_model_directory_changes_nothing(
    model_dir: Path, watcher: VersionWatcher, caplog: pytest.LogCaptureFixture
) -> None:
    away = model_dir.rename(model_dir.with_name("away"))
    time.sleep(0.2)
    assert served(watcher) == 1
    assert not caplog.records
    away.rename(model_dir)


def test_an_unexpected_error_does_not_end_the_polling(
    exported: Path, model_dir: Path, watcher: VersionWatcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    raised = threading.Event()

    def unreadable(model_dir: Path) -> dict[int, Path]:
        raised.set()
        raise PermissionError(model_dir)

    with monkeypatch.context() as patch:
        patch.setattr(version_watcher, "version_folders", unreadable)
        assert raised.wait(60)
    publish(exported, model_dir, 2)
    eventually(lambda: served(watcher) == 2)


def test_nothing_to_lease_after_stop(model_dir: Path) -> None:
    watcher = VersionWatcher(model_dir)
    watcher.start()
    watcher.stop()
    with pytest.raises(RuntimeError, match="No model is being served"), watcher.lease():
        pass
