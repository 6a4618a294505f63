"""What `imgclf predict` prints of a model's answers."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from components.contract import ConfigError, DataError
from pipeline.commands.predict import predict
from pipeline.workspace import Workspace
from serving.embedded_server import EmbeddedServer
from tests.serving import conftest as colours
from tests.serving.conftest import GREEN, GREY, MODEL_NAME, publish

# The model that is unsure of gray, and a server that has it.
exported, address = colours.exported, colours.address


@pytest.mark.parametrize("from_server", [False, True])
def test_answers_that_the_model_rejects_are_told(
    exported: Path,
    address: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    from_server: bool,
) -> None:
    (sure := tmp_path / "sure.jpg").write_bytes(GREEN)
    (unsure := tmp_path / "unsure.jpg").write_bytes(GREY)
    where = (MODEL_NAME, None, address) if from_server else (None, exported, None)
    predict([sure, unsure], Workspace(tmp_path), *where)
    told = {line.split()[0]: line for line in capsys.readouterr().out.splitlines() if ".jpg" in line}
    rejected = {name.rpartition("/")[2]: "below serving.reject_below" in line for name, line in told.items()}
    assert rejected == {"sure.jpg": False, "unsure.jpg": True}


def test_a_file_that_the_server_refuses_is_told_after_the_answers_for_the_others(
    address: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (sure := tmp_path / "sure.jpg").write_bytes(GREEN)
    (torn := tmp_path / "torn.jpg").write_bytes(GREEN[:-8])
    with pytest.raises(DataError, match=r"^1 of 2 .*/torn\.jpg: the server refuses it"):
        predict([torn, sure], Workspace(tmp_path), MODEL_NAME, None, address)
    assert "sure.jpg" in capsys.readouterr().out


def test_a_server_that_goes_away_does_not_cost_the_answers_that_it_gave(
    exported: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    publish(exported, (model_dir := tmp_path / MODEL_NAME), 1)
    (sure := tmp_path / "sure.jpg").write_bytes(GREEN)
    os.mkfifo(later := tmp_path / "later.jpg")
    with EmbeddedServer(model_dir, MODEL_NAME, port=0) as server:

        def stop_before_the_second() -> None:
            with later.open("wb") as pipe:
                server.stop()
                pipe.write(GREEN)

        threading.Thread(target=stop_before_the_second, daemon=True).start()
        with pytest.raises(ConfigError, match="^No server can be reached"):
            predict([sure, later], Workspace(tmp_path), MODEL_NAME, None, server.address)
    assert "sure.jpg" in capsys.readouterr().out
