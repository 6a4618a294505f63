from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from components.contract import ConfigError, DataError, UnreachableError
from pipeline.commands.run import RunRequest, run
from pipeline.terminal.mistakes import explain
from tests.e2e.command_line import imgclf
from tests.image_files import write_folder


def test_sentences_and_exit_codes() -> None:
    assert explain(ConfigError("Wrong.")) == ("Wrong.", 2)
    assert explain(DataError("Bad.")) == ("Bad.", 3)
    assert explain(UnreachableError("No answer.")) == ("No answer.", 1)
    assert explain(PermissionError(13, "Permission denied", "/x")) == (
        "/x cannot be used: Permission denied.",
        2,
    )
    # Nothing that the user named; the disk is full, say.
    assert explain(OSError("odd")) == ("A file or stream cannot be used: odd.", 1)


def test_a_current_folder_that_is_gone_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (gone := tmp_path / "gone").mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    with pytest.raises(FileNotFoundError) as error:
        Path("photos").absolute()
    sentence, exit_code = explain(error.value)
    assert exit_code == 2
    assert sentence == "The current folder has been deleted: change into another, and try again."


def test_a_file_whose_name_is_no_text_is_named_in_text(capsys: pytest.CaptureFixture[str]) -> None:
    assert explain(FileNotFoundError(2, "Not there", "caf\udce9.yaml"))[0].startswith(
        r"caf\udce9.yaml cannot"
    )
    assert run(RunRequest(config=Path("caf\udce9.yaml"), json=True)) == 2
    assert r"caf\udce9.yaml cannot be read" in json.loads(capsys.readouterr().out)["reason"]


def test_a_name_that_is_too_long(tmp_path: Path) -> None:
    done = imgclf("run", "--images", tmp_path / ("x" * 300), "--workspace", tmp_path / "w")
    assert done.returncode == 2
    assert "File name too long" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("option", ["--images", "--workspace"])
def test_a_folder_that_may_not_be_entered(tmp_path: Path, option: str) -> None:
    """As another user, where this one may do everything."""
    locked = tmp_path / "locked"
    write_folder(locked / "images", {"a": 1, "b": 1})
    images = write_folder(tmp_path / "images", {"a": 1, "b": 1})
    locked.chmod(0o000)
    for folder in (tmp_path, *list(tmp_path.parents)[:-1]):
        if folder.stat().st_uid == os.getuid():
            folder.chmod(folder.stat().st_mode | 0o055)
    words = {"--images": images, "--workspace": tmp_path / "w", option: locked / "images"}
    argv = ["imgclf", "run"]
    argv += [str(word) for pair in words.items() for word in pair]
    code = (
        "import os, sys\n"
        "from pipeline import cli, config, workspace\n"
        "from pipeline.commands import run\n"
        "from pipeline.preparation import preflight\n"
        "from pipeline.terminal import mistakes\n"
        "if os.getuid() == 0: os.setuid(65534)\n"
        f"sys.argv = {argv!r}\n"
        "cli.main()\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    locked.chmod(0o755)
    assert done.returncode == 2, done.stderr
    assert done.stderr.startswith("Error: ")
    assert "Permission denied" in done.stderr
    assert "Traceback" not in done.stderr
