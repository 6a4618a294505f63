from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from components.contract import ConfigError, UnreachableError
from tests.trainer.made_up_splits import MadeUpSplit
from tests.trainer.training_run.small_fit import figures_of
from trainer.model.classifier import Classifier
from trainer.model.settings import ModelSettings
from trainer.settings import ServingSettings, TrainingSettings
from trainer.train_request import TrainRequest
from trainer.training_run.fit import Splits, fit
from trainer.tuning import tuner_fn
from trainer.tuning.settings import TuningSettings
from trainer.tuning.settings_tuner import SettingsTuner
from trainer.tuning.tuner_fn import build_tuner, run_trial

SIZE = 16
RATE = "training.phases.0.learning_rate"


def _split(count: int, seed: int) -> MadeUpSplit:
    """Dark images of class 0, bright ones of class 1."""
    labels = np.arange(count) % 2
    noise = np.random.default_rng(seed).integers(0, 60, (count, SIZE, SIZE, 3))
    return MadeUpSplit((noise + 150 * labels[:, None, None, None]).astype(np.uint8), labels)


SPLITS = Splits(_split(48, 0), _split(16, 1), (24, 24))


@pytest.fixture
def fitted(monkeypatch: pytest.MonkeyPatch) -> list[tuple[float, int | None]]:
    """Learning rate and cut of each training."""
    asked: list[tuple[float, int | None]] = []

    def noted(build: Any, splits: Any, settings: TrainingSettings, *others: Any) -> Any:
        asked.append((settings.phases[0].learning_rate, settings.epochs))
        return fit(build, splits, settings, *others)

    @contextmanager
    def opened(request: TrainRequest) -> Iterator[tuple[Splits, None]]:
        request.run_dir.mkdir(parents=True, exist_ok=True)
        yield SPLITS, None

    monkeypatch.setattr("trainer.train.fit", noted)
    monkeypatch.setattr(tuner_fn, "opened_splits", opened)
    return asked


def _tuner(root: Path, tuning: Mapping[str, Any], **training: Any) -> SettingsTuner:
    settings = TuningSettings.model_validate({"trials": 3, **tuning})
    return build_tuner(_request(root, **training), settings, root / "notes")


def _request(root: Path, **training: Any) -> TrainRequest:
    return TrainRequest(
        name="two",
        model=ModelSettings(backbone="small_cnn", weights="none", image_size=SIZE),
        training=TrainingSettings.model_validate(
            {"batch_size": 16, "phases": [{"train": "all", "epochs": 3}], **training}
        ),
        serving=ServingSettings(),
        seed=0,
        labels=("dark", "bright"),
        train_pattern="",
        eval_pattern="",
        train_counts=(24, 24),
        transform_dir="",
        saved_model_dir=root / "model",
        run_dir=root / "run",
        cache_dir=root / "cache",
        code="code",
        preprocessing="pixels",
    )


def _best(tuner: SettingsTuner) -> dict[str, Any]:
    values: dict[str, Any] = tuner.get_best_hyperparameters()[0].values
    return values


def test_the_better_of_two_learning_rates_is_found_and_no_trial_is_run_twice(
    fitted: list[tuple[float, int | None]], tmp_path: Path
) -> None:
    tuning = {"objective": "loss", "max_epochs": 2, "space": {RATE: {"choices": [1e-6, 1e-2]}}}
    first = _tuner(tmp_path, tuning)
    first.search()
    assert _best(first) == {RATE: "0.01"}
    # Three trials were allowed, and there are two combinations.
    assert sorted(fitted) == [(1e-6, 2), (1e-2, 2)]
    scores = {trial.hyperparameters.values[RATE]: trial.score for trial in first.oracle.trials.values()}
    assert scores["0.01"] < scores["1e-06"]

    again = _tuner(tmp_path, tuning)
    again.search()
    assert len(fitted) == 2
    assert _best(again) == {RATE: "0.01"}
    assert {t.hyperparameters.values[RATE]: t.score for t in again.oracle.trials.values()} == scores


def test_a_trial_counts_as_the_model_that_comes_out_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The history has the figures of smaller images."""
    outcomes: list[Classifier] = []

    def noted(*words: Any) -> Any:
        outcomes.append((outcome := fit(*words))[0])
        return outcome

    monkeypatch.setattr("trainer.train.fit", noted)
    request = _request(tmp_path, phases=[{"train": "head", "epochs": 2, "image_size": 2 * SIZE}])
    model = ModelSettings(backbone="vgg16", weights="none", image_size=4 * SIZE)
    request.run_dir.mkdir()
    train, evaluation = (
        MadeUpSplit(each.array.repeat(4, 1).repeat(4, 2), each.records.labels)
        for each in (_split(48, 0), _split(16, 1))
    )
    splits = Splits(train, evaluation, (24, 24))
    figures = run_trial(replace(request, model=model), None, splits, {RATE: 0.1})
    (classifier,) = outcomes
    assert asdict(figures) == pytest.approx(asdict(figures_of(classifier, evaluation)), rel=1e-4)


def test_a_trial_that_is_refused_or_diverges_is_counted_as_failed_and_the_search_goes_on(
    fitted: list[tuple[float, int | None]], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "imgclf.progress")
    space = {
        "training.optimizer.momentum": {"choices": [0.5]},
        "training.optimizer.name": {"choices": ["adam", "sgd"]},
        RATE: {"choices": [1e30, 0.01]},
    }
    tuner = _tuner(tmp_path, {"trials": 4, "algorithm": "grid", "max_epochs": 1, "space": space})
    tuner.search()
    assert [trial.status for trial in tuner.oracle.trials.values()] == ["FAILED"] * 3 + ["COMPLETED"]
    assert _best(tuner)["training.optimizer.name"] == '"sgd"'
    assert fitted == [(1e30, 1), (0.01, 1)]
    assert "trial 1 of 4 failed: training.optimizer: momentum is for sgd and rmsprop" in caplog.text
    assert "trial 3 of 4 failed: Training diverged" in caplog.text


def test_a_search_of_which_each_trial_fails_is_an_error_that_says_why(
    fitted: list[tuple[float, int | None]], tmp_path: Path
) -> None:
    space = {"training.optimizer.momentum": {"min": 0.1, "max": 0.9}}
    with pytest.raises(ConfigError, match="Each of the 5 trials .* momentum is for sgd and rmsprop"):
        _tuner(tmp_path, {"trials": 5, "algorithm": "random", "space": space}).search()
    with pytest.raises(ConfigError, match="No epoch was trained"):
        _tuner(tmp_path, {"space": {RATE: {"choices": [0.1]}}}, epochs=0).search()
    # The loss of the only step is that of the model before it.
    one_step = {"batch_size": 64, "epochs": 1, "optimizer": {"name": "sgd"}}
    with pytest.raises(ConfigError, match="no number in any epoch"):
        _tuner(tmp_path, {"space": {RATE: {"choices": [1e38]}}}, **one_step).search()
    with pytest.raises(
        ConfigError, match="resized once for all trials, to 16 pixels, and this would take 32"
    ):
        _tuner(tmp_path, {"space": {"model.image_size": {"choices": [32]}}}).search()


@pytest.mark.parametrize("error", [ZeroDivisionError("a bug"), UnreachableError("no answer")])
def test_what_is_no_fault_of_the_settings_ends_the_search_as_it_was_raised(
    fitted: list[tuple[float, int | None]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    error: Exception,
) -> None:
    def broken(*_: Any) -> None:
        raise error

    monkeypatch.setattr("trainer.train.fit", broken)
    with pytest.raises(type(error), match=f"^{error}$"):
        _tuner(tmp_path, {"space": {RATE: {"choices": [0.1, 0.2]}}}).search()


def test_the_cut_of_a_trial_is_the_lower_of_the_two(
    fitted: list[tuple[float, int | None]], tmp_path: Path
) -> None:
    space = {RATE: {"choices": [0.01]}}
    _tuner(tmp_path, {"max_epochs": 2, "space": space}, epochs=1).search()
    _tuner(tmp_path, {"space": space}).search()
    assert [epochs for _, epochs in fitted] == [1, None]
