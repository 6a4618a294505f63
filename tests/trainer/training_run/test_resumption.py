"""A run that is killed and started again ends as one that was never disturbed."""

from __future__ import annotations

import csv
import os
import signal
from dataclasses import asdict
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from tests.own_process import run_apart
from tests.trainer.made_up_splits import MadeUpSplit
from trainer.model.classifier import Classifier, build_classifier
from trainer.model.settings import ModelSettings
from trainer.settings import TrainingSettings
from trainer.training_run import phase
from trainer.training_run.callbacks import TimeLimit
from trainer.training_run.eval_figures import EvalFigures
from trainer.training_run.fit import RunFiles, Splits, fit
from trainer.training_run.resumption import Resumption

pytestmark = pytest.mark.long

SIZE, CLASSES = 16, 3
# Whatever remembers something from step to step or from epoch to epoch: two kinds of random layers,
# averages of weights and of statistics, momentum, a schedule, a plateau, early stopping.
SETTINGS: dict[str, dict[str, Any]] = {
    "cosine and momentum": {
        "augmentation": {"preset": "strong"},
        "phases": [
            {"train": "all", "epochs": 3, "learning_rate": 0.01},
            {"train": "head", "epochs": 3, "learning_rate": 0.01, "optimizer": {"name": "adamw"}},
            {"train": "last 3 layers", "epochs": 2, "learning_rate": 0.001},
        ],
        "optimizer": {"name": "sgd"},
    },
    "plateau and early stopping": {
        "phases": [{"train": "all", "epochs": 8, "learning_rate": 0.02}],
        "schedule": {"name": "plateau", "patience": 1, "factor": 0.5},
        "optimizer": {"name": "rmsprop", "momentum": 0.5},
        "patience": 2,
    },
    "averaged weights": {
        "phases": [{"train": "all", "epochs": 4, "learning_rate": 0.01}],
        "optimizer": {"name": "adam", "ema": 0.9},
    },
}


def _split(count: int, seed: int) -> MadeUpSplit:
    random = np.random.default_rng(seed)
    labels = np.arange(count) % CLASSES
    pixels = random.integers(0, 120, (count, SIZE, SIZE, 3)) + 50 * labels[:, None, None, None]
    return MadeUpSplit(pixels.astype(np.uint8), labels)


def _train(folder: Path, name: str) -> tuple[Classifier, EvalFigures | None]:
    keras.utils.set_random_seed(0)
    model = {"backbone": "small_cnn", "weights": "none", "image_size": SIZE, "head": {"dropout": 0.5}}
    folder.mkdir(parents=True, exist_ok=True)
    return fit(
        lambda size: build_classifier(ModelSettings.model_validate(model), CLASSES, size),
        Splits(_split(50, 0), _split(12, 1), (17, 17, 16)),
        TrainingSettings.model_validate({"batch_size": 16, **SETTINGS[name]}),
        7,
        "none",
        RunFiles(folder / "history.csv", folder / "resume", folder / "features"),
    )


def _train_and_die(folder: Path, name: str, epochs_to_live: int) -> None:
    """Runs in a process of its own; kills itself in the middle of the epoch after so many."""
    fit_ = keras.Model.fit
    done = [0]

    class Killer(keras.callbacks.Callback):
        def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
            done[0] += 1

        def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
            if done[0] == epochs_to_live:
                os.kill(os.getpid(), signal.SIGKILL)

    def fit_with_killer(model: keras.Model, *words: Any, callbacks: list[Any], **named: Any) -> Any:
        return fit_(model, *words, callbacks=[*callbacks, Killer()], **named)

    keras.Model.fit = fit_with_killer
    _train(folder, name)


def _figures(folder: Path) -> list[dict[str, float]]:
    rows = csv.DictReader((folder / "history.csv").open())
    return [{key: float(value) for key, value in row.items() if key != "seconds"} for row in rows]


@pytest.mark.parametrize(
    ("name", "lives"),
    [
        ("cosine and momentum", (2, 2, 3)),
        ("plateau and early stopping", (1, 2)),
        ("averaged weights", (2,)),
    ],
)
def test_killed_and_started_again(tmp_path: Path, name: str, lives: tuple[int, ...]) -> None:
    whole, figures = _train(tmp_path / "whole", name)
    for life in lives:
        log = tmp_path / "log"
        killed = run_apart(log, _train_and_die, tmp_path / "broken", name, life)
        assert killed == -signal.SIGKILL, log.read_text()[-3000:]
    assert (tmp_path / "broken" / "resume").exists()
    broken, same_figures = _train(tmp_path / "broken", name)
    assert figures is not None and same_figures is not None
    assert asdict(same_figures) == pytest.approx(asdict(figures), rel=1e-3)
    rows = _figures(tmp_path / "whole")
    assert len(rows) > sum(lives)
    for row, again in zip(rows, _figures(tmp_path / "broken"), strict=True):
        assert again == pytest.approx(row, rel=1e-3)
    for ours, theirs in zip(broken.model.get_weights(), whole.model.get_weights(), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-3, atol=1e-5)
    assert not (tmp_path / "broken" / "resume").exists()


def test_killed_after_the_last_epoch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No epoch is left at whose end the history could be written."""
    _train(tmp_path / "whole", "averaged weights")
    monkeypatch.setattr(Resumption, "on_train_end", _die, raising=False)
    with pytest.raises(KeyboardInterrupt):
        _train(tmp_path / "broken", "averaged weights")
    monkeypatch.undo()
    (tmp_path / "broken" / "history.csv").unlink()  # Each attempt writes it into a folder of its own.
    _train(tmp_path / "broken", "averaged weights")
    for row, again in zip(_figures(tmp_path / "whole"), _figures(tmp_path / "broken"), strict=True):
        assert again == pytest.approx(row, rel=1e-3)


def _die(callback: object, logs: object = None) -> None:
    raise KeyboardInterrupt


def test_whether_steps_are_compiled_is_decided_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings: list[str] = []

    def chosen(model: object, compile_model: Any, batches: object, setting: str, name: str) -> bool:
        settings.append(setting)
        compile_model(False)
        if len(settings) == 2:
            assert resumption.compiled is True
        return True

    resumption = Resumption(tmp_path / "resume" / "epochs-0.npz", [])
    assert resumption.compiled is None
    monkeypatch.setattr(phase, "compile_quickest", chosen)
    monkeypatch.setattr(phase, "WORTH_MEASURING", 1)
    monkeypatch.setattr(TimeLimit, "on_epoch_begin", _die_in_the_second_epoch)
    with pytest.raises(KeyboardInterrupt):
        _train(tmp_path, "averaged weights")
    monkeypatch.undo()
    monkeypatch.setattr(phase, "compile_quickest", chosen)
    resumption = Resumption(tmp_path / "resume" / "epochs-0.npz", [])
    _train(tmp_path, "averaged weights")
    assert settings == ["auto", "on"]


def _die_in_the_second_epoch(callback: object, epoch: int, logs: object = None) -> None:
    if epoch == 1:
        raise KeyboardInterrupt
