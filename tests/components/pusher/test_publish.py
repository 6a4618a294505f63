from __future__ import annotations

import os
import shutil
import signal
import threading
import time
from pathlib import Path

import pytest

from components.contract import ConfigError
from components.pusher import publish as publish_module
from components.pusher.ledger import LEDGER_FILE, Ledger
from components.pusher.publish import publish
from components.pusher.push_record import RECORD_FILE, PushRecord
from serving.contract import LABELS_ASSET, version_folders
from tests.own_process import run_apart

RECORD = PushRecord("model", 0)


def _saved_model(root: Path) -> Path:
    (root / "variables").mkdir(parents=True)
    (root / "assets").mkdir()
    (root / "assets" / "labels.txt").write_text("cat\ndog\n")
    (root / "assets.extra").mkdir()
    (root / "saved_model.pb").write_bytes(b"graph")
    (root / "variables" / "data").write_bytes(b"weights")
    return root


def test_versions_count_up_and_are_complete(tmp_path: Path) -> None:
    model = _saved_model(tmp_path / "export")
    assert [publish(model, tmp_path / "serving", RECORD) for _ in range(3)] == [1, 2, 3]
    assert list(version_folders(tmp_path / "serving")) == [1, 2, 3]
    assert (tmp_path / "serving" / "2" / "variables" / "data").read_bytes() == b"weights"
    assert sorted(entry.name for entry in (tmp_path / "serving").iterdir()) == [LEDGER_FILE, "1", "2", "3"]
    assert Ledger.read(tmp_path / "serving") == Ledger(3, ("cat", "dog"))


def test_a_keras_model_beside_the_saved_model_goes_along(tmp_path: Path) -> None:
    model = _saved_model(tmp_path / "export" / "Format-Serving")
    (tmp_path / "export" / "model.keras").write_bytes(b"keras")
    publish(model, tmp_path / "serving", RECORD)
    assert (tmp_path / "serving" / "1" / "assets.extra" / "model.keras").read_bytes() == b"keras"


def test_goes_on_after_versions_of_other_tools(tmp_path: Path) -> None:
    (tmp_path / "serving" / "1700000000").mkdir(parents=True)
    assert publish(_saved_model(tmp_path / "export"), tmp_path / "serving", RECORD) == 1700000001


def test_does_not_go_on_after_a_number_that_servers_pass_over(tmp_path: Path) -> None:
    (tmp_path / "serving" / ("9" * 20)).mkdir(parents=True)
    assert publish(_saved_model(tmp_path / "export"), tmp_path / "serving", RECORD) == 1


def test_does_not_publish_what_servers_would_pass_over(tmp_path: Path) -> None:
    (tmp_path / "serving" / str(2**63 - 1)).mkdir(parents=True)
    with pytest.raises(ConfigError, match=f"servers take no version above {2**63 - 1}"):
        publish(_saved_model(tmp_path / "export"), tmp_path / "serving", RECORD)
    assert [entry.name for entry in (tmp_path / "serving").iterdir()] == [str(2**63 - 1)]


def test_a_failed_copy_is_no_version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def copy_half(source: Path, target: Path) -> None:
        # On the same disk, or renaming would be no single step; and where the next push finds what is left.
        assert (target.parents[1], target.parent.name[:10]) == (tmp_path / "serving", ".incoming-")
        target.mkdir()
        (target / "saved_model.pb").write_bytes(b"gra")
        raise OSError("disk full")

    monkeypatch.setattr(publish_module.shutil, "copytree", copy_half)
    with pytest.raises(OSError, match="disk full"):
        publish(_saved_model(tmp_path / "export"), tmp_path / "serving", RECORD)
    assert list((tmp_path / "serving").iterdir()) == []


def test_every_file_is_flushed_before_the_version_appears(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flushed: list[tuple[str, bool]] = []
    model, serving = _saved_model(tmp_path / "export"), tmp_path / "serving"

    def flush(descriptor: int) -> None:
        name = Path(f"/proc/self/fd/{descriptor}").readlink().name
        flushed.append((name, (serving / "1").exists()))

    monkeypatch.setattr(os, "fsync", flush)
    publish(model, serving, RECORD)
    assert {name for name, published in flushed if not published} >= {
        "saved_model.pb", "data", "labels.txt", "push.json", "variables", "assets", "model",
    }  # fmt: skip
    assert ("serving", True) in flushed


def test_a_push_under_way_is_young_however_old_its_model_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, serving = _saved_model(tmp_path / "export"), tmp_path / "serving"
    long_ago = time.time() - 10 * 24 * 3600
    for path in (*model.rglob("*"), model):
        os.utime(path, (long_ago, long_ago))
    flush = publish_module._flush
    versions: list[int] = []

    def push_another_meanwhile(path: str | Path) -> None:
        if not versions:
            versions.append(0)
            versions.append(publish(model, serving, RECORD))
        flush(path)

    monkeypatch.setattr(publish_module, "_flush", push_another_meanwhile)
    assert {publish(model, serving, RECORD), versions[1]} == {1, 2}


def test_no_reader_ever_sees_half_a_version(tmp_path: Path) -> None:
    model = _saved_model(tmp_path / "export")
    incomplete: list[str] = []
    done = threading.Event()

    def watch() -> None:
        while not done.is_set():
            for entry in (tmp_path / "serving").glob("[0-9]*"):
                if not (entry / "variables" / "data").exists():
                    incomplete.append(entry.name)

    watcher = threading.Thread(target=watch)
    watcher.start()
    for _ in range(30):
        publish(model, tmp_path / "serving", RECORD)
    done.set()
    watcher.join()
    assert incomplete == []


def test_two_pushes_at_once_get_two_versions(tmp_path: Path) -> None:
    model = _saved_model(tmp_path / "export")
    versions: list[int] = []
    threads = [
        threading.Thread(target=lambda: versions.append(publish(model, tmp_path / "serving", RECORD)))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(versions) == list(range(1, 9))


def test_a_number_that_another_tool_takes_meanwhile_is_left_to_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, serving = _saved_model(tmp_path / "export"), tmp_path / "serving"
    next_version = publish_module._next_version

    def taken_meanwhile(model_dir: Path, labels: tuple[str, ...]) -> int:
        version = next_version(model_dir, labels)
        if version == 1:
            (model_dir / "1").mkdir()
            (model_dir / "1" / "saved_model.pb").write_bytes(b"theirs")
        return version

    monkeypatch.setattr(publish_module, "_next_version", taken_meanwhile)
    assert publish(model, serving, RECORD) == 2
    assert (serving / "1" / "saved_model.pb").read_bytes() == b"theirs"
    assert (serving / "2" / "saved_model.pb").read_bytes() == b"graph"
    assert Ledger.read(serving).last_version == 2


def test_a_version_that_cannot_be_put_in_its_place_is_tried_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(self: Path, target: Path) -> None:
        raise PermissionError(target)

    monkeypatch.setattr(Path, "rename", refuse)
    with pytest.raises(PermissionError):
        publish(_saved_model(tmp_path / "export"), tmp_path / "serving", RECORD)
    assert Ledger.read(tmp_path / "serving").last_version == 1


def test_removes_what_a_killed_push_left_but_not_one_under_way(tmp_path: Path) -> None:
    abandoned, under_way = tmp_path / "serving" / ".incoming-old", tmp_path / "serving" / ".incoming-new"
    abandoned.mkdir(parents=True)
    under_way.mkdir()
    # Another push may be done with its own by the time that it is looked at.
    (tmp_path / "serving" / ".incoming-gone").symlink_to("nowhere")
    for push, hours in ((abandoned, 25), (under_way, 23)):
        begun = time.time() - hours * 3600
        os.utime(push, (begun, begun))
    publish(_saved_model(tmp_path / "export"), tmp_path / "serving", RECORD)
    assert not abandoned.exists()
    assert under_way.exists()


def test_labels_of_versions_are_known_where_the_ledger_is_lost(tmp_path: Path) -> None:
    publish(_saved_model(tmp_path / "export"), tmp_path, RECORD)
    (tmp_path / LEDGER_FILE).unlink()
    assert Ledger.read(tmp_path) == Ledger(1, ("cat", "dog"))
    (tmp_path / "1" / LABELS_ASSET).write_text("cat\ndog\nowl\n")
    Ledger(0, ("cat", "dog")).write(tmp_path)
    assert Ledger.read(tmp_path) == Ledger(1, ("cat", "dog", "owl"))
    Ledger(4, ("cat", "dog", "owl", "wren")).write(tmp_path)  # Version 4 was taken back since.
    assert Ledger.read(tmp_path) == Ledger(4, ("cat", "dog", "owl", "wren"))


def _publish_and_be_killed(saved_model: Path, model_dir: Path) -> None:
    rename = Path.rename

    def rename_and_be_killed(source: Path, target: Path) -> None:
        rename(source, target)
        os.kill(os.getpid(), signal.SIGKILL)

    pytest.MonkeyPatch().setattr(Path, "rename", rename_and_be_killed)
    publish(saved_model, model_dir, RECORD)


def test_what_a_killed_push_published_counts_even_when_it_is_taken_back(tmp_path: Path) -> None:
    model, serving = _saved_model(tmp_path / "export"), tmp_path / "serving"
    assert run_apart(tmp_path / "log", _publish_and_be_killed, model, serving) == -signal.SIGKILL
    assert list(version_folders(serving)) == [1]
    shutil.rmtree(serving / "1")
    assert Ledger.read(serving) == Ledger(1, ("cat", "dog"))
    assert publish(model, serving, RECORD) == 2


def test_labels_of_other_tools_do_not_count(tmp_path: Path) -> None:
    publish(_saved_model(tmp_path / "export"), tmp_path, RECORD)
    (tmp_path / LEDGER_FILE).unlink()
    (tmp_path / "1" / RECORD_FILE).unlink()
    assert Ledger.read(tmp_path) == Ledger(1, ())
