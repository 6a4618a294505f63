"""States that training goes on from."""

from __future__ import annotations

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
