"""What `imgclf predict` prints of a model's answers."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.commands.predict import predict
from pipeline.workspace import Workspace
from tests.serving import conftest as colours
from tests.serving.conftest import GREEN, GREY, MODEL_NAME

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
