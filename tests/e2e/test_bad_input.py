"""A user's mistake gets one clear sentence and the right exit code, and leaves nothing behind."""

from __future__ import annotations

import json
import socket
from pathlib import Path

import pytest

from tests.conftest import Trial
from tests.e2e.command_line import imgclf
from tests.image_files import image_bytes, write_folder

USAGE, INVALID_DATA = 2, 3


@pytest.fixture
def images(tmp_path: Path) -> Path:
    return write_folder(tmp_path / "images", {"cat": 12, "dog": 12})


def _refused(tmp_path: Path, images: Path, *words: str | Path) -> tuple[int, str]:
    """Exit code and sentence of a run that was refused before it began."""
    workspace = tmp_path / "workspace"
    done = imgclf("run", "--images", images, "--workspace", workspace, *words)
    assert "Traceback" not in done.stderr + done.stdout
    assert done.stdout == ""
    assert done.stderr.startswith("Error: ")
    assert done.stderr.count("\n") == 1
    assert not workspace.exists()
    return done.returncode, done.stderr


def test_a_missing_folder(tmp_path: Path) -> None:
    code, sentence = _refused(tmp_path, tmp_path / "nowhere")
    assert code == USAGE
    assert f"There is no folder {tmp_path}/nowhere" in sentence


@pytest.mark.parametrize(
    ("classes", "words"),
    [({}, "no class folders"), ({"cat": 9}, "one class only"), ({"cat": 9, "dog": 0}, "class folder 'dog'")],
    ids=["empty", "one class", "empty class"],
)
def test_folders_that_are_no_classes(tmp_path: Path, classes: dict[str, int], words: str) -> None:
    (tmp_path / "images").mkdir()
    code, sentence = _refused(tmp_path, write_folder(tmp_path / "images", classes))
    assert code == INVALID_DATA
    assert words in sentence


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ("training.epoch=3", "did you mean 'training.epochs'?"),
        ("training.batch_size=many", "training.batch_size: expected a valid integer"),
        ("model.weights=nowhere.h5", "there is no file"),
    ],
    ids=["unknown key", "wrong type", "no weights"],
)
def test_settings(tmp_path: Path, images: Path, setting: str, words: str) -> None:
    code, sentence = _refused(tmp_path, images, "--set", setting)
    assert code == USAGE
    assert words in sentence


def test_weights_whose_hash_differs(tmp_path: Path, images: Path) -> None:
    (tmp_path / "w.h5").write_bytes(b"other")
    digest = "ab" * 32
    code, sentence = _refused(
        tmp_path, images, "--set", f"model.weights={tmp_path}/w.h5", "--set", f"model.weights_sha256={digest}"
    )
    assert code == USAGE
    assert f"model.weights_sha256 says {digest}" in sentence


def test_a_workspace_that_cannot_be_written_to(tmp_path: Path, images: Path) -> None:
    (tmp_path / "file").touch()
    done = imgclf("run", "--images", images, "--workspace", tmp_path / "file" / "w")
    assert done.returncode == USAGE
    assert "cannot be written to" in done.stderr
    assert "Traceback" not in done.stderr


def test_json_is_json_for_a_refused_run_too(tmp_path: Path) -> None:
    done = imgclf("run", "--images", tmp_path / "nowhere", "--workspace", tmp_path / "w", "--json")
    summary = json.loads(done.stdout)
    assert (summary["status"], summary["pushed"], done.returncode) == ("failed", None, USAGE)
    assert "There is no folder" in summary["reason"]


def test_a_class_without_a_usable_image(tmp_path: Path, images: Path) -> None:
    (images / "emu").mkdir()
    (images / "emu" / "1.jpg").touch()
    (images / "emu" / "2.jpg").write_text("no image\n")
    (images / "emu" / "3.jpg").write_bytes(image_bytes(0, size=(64, 64))[:-500])
    workspace = tmp_path / "w"
    done = imgclf("run", "--images", images, "--workspace", workspace)
    assert done.returncode == INVALID_DATA
    assert "class 'emu' has no usable image: emu/1.jpg (the file is empty); emu/2.jpg (not an" in done.stdout
    assert "set aside: emu/3.jpg: truncated or damaged" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr
    (page,) = workspace.glob("runs/*/report.html")
    assert "emu/3.jpg" in page.read_text("utf-8")
    assert not (workspace / "serving").exists()
    assert sorted(path.name for path in (images / "emu").iterdir()) == ["1.jpg", "2.jpg", "3.jpg"]


def test_predict_without_a_model(tmp_path: Path, images: Path) -> None:
    done = imgclf("predict", images / "cat" / "0000.jpeg", "--workspace", tmp_path / "w")
    assert (done.returncode, done.stdout) == (USAGE, "")
    assert "No model has been pushed" in done.stderr


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "the file is empty"),
        (b"no image\n", "not an image"),
        (image_bytes(0, size=(64, 64))[:-500], "truncated or damaged"),
    ],
    ids=["empty", "text", "truncated"],
)
def test_predict_on_what_is_no_image(trial: Trial, tmp_path: Path, data: bytes, words: str) -> None:
    (tmp_path / "x.jpg").write_bytes(data)
    done = imgclf("predict", tmp_path / "x.jpg", "--workspace", trial.workspace.root)
    assert done.returncode == INVALID_DATA
    assert words in done.stderr
    assert done.stderr.count("\n") == 1


def test_predict_with_no_server_there(trial: Trial, images: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{taken.getsockname()[1]}"
    done = imgclf(
        "predict", images / "cat" / "0000.jpeg", "--workspace", trial.workspace.root, "--server", address
    )
    assert done.returncode == USAGE
    assert address in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    "address", ["", "localhost", ":8500", "http://localhost:8500", "localhost:85000", "::1:8500"]
)
def test_predict_with_an_address_that_is_none(tmp_path: Path, images: Path, address: str) -> None:
    done = imgclf("predict", images / "cat" / "0000.jpeg", "--server", address, "--name", "pets")
    assert (done.returncode, done.stdout) == (USAGE, "")
    assert done.stderr == (
        f"Error: --server takes HOST:PORT, such as 127.0.0.1:8500 or [::1]:8500, not '{address}'.\n"
    )


def test_predict_with_a_server_and_a_folder(tmp_path: Path, images: Path) -> None:
    done = imgclf("predict", images / "cat" / "0000.jpeg", "--server", "localhost:1", "--model", tmp_path)
    assert (done.returncode, done.stdout) == (USAGE, "")
    assert "give one of them" in done.stderr


def test_serve_on_a_busy_port(trial: Trial) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = imgclf("serve", "--workspace", trial.workspace.root, "--port", str(port))
    assert done.returncode == USAGE
    assert f"Port {port} is busy" in done.stderr
    assert "--port" in done.stderr
    assert "Traceback" not in done.stderr
