"""What is read of the Trainer's folder."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from pipeline.run_report import training_result
from pipeline.run_report.training_result import read_training


def test_the_history_and_the_pictures_are_read(tmp_path: Path) -> None:
    (tmp_path / "history.csv").write_text("phase,epoch,val_loss\n1,1,0.5\n2,1,nan\n")
    Image.new("RGB", (3, 2)).save(tmp_path / "misclassified.png")
    found = read_training(tmp_path)
    assert [row["phase"] for row in found.epochs] == [1, 2]
    assert found.epochs[0] == {"phase": 1, "epoch": 1, "val_loss": 0.5}
    (picture,) = found.pictures
    assert picture.uri.startswith("data:image/png;base64,iVBORw0KGgo")
    assert "wrong about" in picture.caption
    assert found.folder == str(tmp_path)


def test_whatever_is_missing_or_too_large_is_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert read_training(tmp_path / "gone").epochs == []
    Image.new("RGB", (3, 2)).save(tmp_path / "misclassified.png")
    monkeypatch.setattr(training_result, "_LARGEST_PICTURE", 10)
    assert read_training(tmp_path).pictures == []


@pytest.mark.parametrize("row", ["2,1", "2,1,", "2,1,diverged", "2,1,0.5,7"])
def test_rows_that_are_not_all_numbers_are_left_out(tmp_path: Path, row: str) -> None:
    (tmp_path / "history.csv").write_text(f"phase,epoch,val_loss\n1,1,0.5\n{row}\n")
    assert [epoch["phase"] for epoch in read_training(tmp_path).epochs] == [1]
