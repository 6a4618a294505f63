"""States that training goes on from."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from trainer.training_run.saved_state import SavedState


def test_two_runs_of_one_request_may_save_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "epochs-0.npz"
    real = np.savez

    def interrupted(file: Any, **arrays: np.ndarray) -> None:
        monkeypatch.setattr(np, "savez", real)
        SavedState({"epochs": 2}).save(path)
        real(file, **arrays)

    monkeypatch.setattr(np, "savez", interrupted)
    SavedState({"epochs": 1}, {"variables": [np.ones(3)]}).save(path)
    found = SavedState.load(path)
    assert found is not None
    assert found.figures == {"epochs": 1}
    assert [entry.name for entry in tmp_path.iterdir()] == [path.name]


def test_a_run_of_the_same_request_may_end_while_another_saves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "key" / "epochs-0.npz"
    real = np.savez

    def interrupted(file: Any, **arrays: np.ndarray) -> None:
        monkeypatch.setattr(np, "savez", real)
        real(file, **arrays)
        shutil.rmtree(path.parent)

    monkeypatch.setattr(np, "savez", interrupted)
    SavedState({"epochs": 1}, {"variables": [np.ones(3)]}).save(path)
    found = SavedState.load(path)
    assert found is not None
    assert found.figures == {"epochs": 1}
    assert [entry.name for entry in path.parent.iterdir()] == [path.name]


def test_a_run_of_the_same_request_may_end_while_another_begins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "key" / "epochs-0.npz"
    SavedState({"epochs": 1}).save(path)
    real = np.load

    def interrupted(*given: Any, **named: Any) -> Any:
        shutil.rmtree(path.parent)
        return real(*given, **named)

    monkeypatch.setattr(np, "load", interrupted)
    assert SavedState.load(path) is None


def test_a_damaged_state_is_none(tmp_path: Path) -> None:
    path = tmp_path / "epochs-0.npz"
    SavedState({"epochs": 1}, {"variables": [np.arange(20.0), np.ones(3)]}).save(path)
    whole = path.read_bytes()
    for length in range(0, len(whole), 7):
        path.write_bytes(whole[:length])
        assert SavedState.load(path) is None
    for place in range(len(whole)):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 4]) + whole[place + 1 :])
        if (found := SavedState.load(path)) is not None:  # Of what a ZIP file says, not all matters.
            assert found.figures == {"epochs": 1}
            np.testing.assert_array_equal(found.arrays["variables"][0], np.arange(20.0))
            np.testing.assert_array_equal(found.arrays["variables"][1], np.ones(3))


def test_a_state_that_cannot_be_saved_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("no folder")
    with pytest.raises(FileExistsError):
        SavedState({"epochs": 1}).save(tmp_path / "key" / "epochs-0.npz")


def test_a_state_that_cannot_be_read_is_not_taken_for_none(tmp_path: Path) -> None:
    (tmp_path / "epochs-0.npz").mkdir()
    with pytest.raises(IsADirectoryError):
        SavedState.load(tmp_path / "epochs-0.npz")
