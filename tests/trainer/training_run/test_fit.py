from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from components.contract import ConfigError
from tests.trainer.made_up_splits import MadeUpSplit
from tests.trainer.training_run.small_fit import (
    ALL,
    CLASSES,
    EVALUATION,
    HEAD,
    SIZE,
    TRAIN,
    answers_of,
    build,
    figures_of,
    fit_and_figures,
    fit_small,
    history_rows,
)
from trainer.images.pixel_store import PixelStore
from trainer.model.classifier import Classifier
from trainer.training_run import phase, phase_data
from trainer.training_run.callbacks import DivergedError
from trainer.training_run.eval_figures import EvalFigures, Monitor

pytestmark = pytest.mark.long


def test_it_learns_and_writes_a_row_an_epoch(tmp_path: Path) -> None:
    classifier = fit_small(tmp_path, phases=[{"train": "all", "epochs": 6, "learning_rate": 0.001}])
    assert (answers_of(classifier).argmax(1) == np.arange(16) % CLASSES).all()
    rows = history_rows(tmp_path)
    assert [(row["phase"], row["epoch"]) for row in rows] == [("1", str(epoch)) for epoch in range(1, 7)]
    assert float(rows[-1]["loss"]) < float(rows[0]["loss"])
    assert float(rows[-1]["learning_rate"]) < float(rows[0]["learning_rate"]) < 0.001
    assert not (tmp_path / "resume").exists()


def test_the_same_seed_gives_the_same_model_and_another_does_not(tmp_path: Path) -> None:
    once = {"phases": [{"train": "all", "epochs": 1, "learning_rate": 1e-4}]}
    first = answers_of(fit_small(tmp_path, seed=1, **once))
    np.testing.assert_allclose(answers_of(fit_small(tmp_path, seed=1, **once)), first, atol=1e-3)
    assert np.abs(answers_of(fit_small(tmp_path, seed=2, **once)) - first).max() > 1e-2


def test_no_epochs_no_training(tmp_path: Path) -> None:
    untouched = build(3)
    classifier, figures = fit_and_figures(tmp_path, seed=3, epochs=0, **ALL)
    assert figures is None
    for ours, theirs in zip(classifier.model.weights, untouched.model.weights, strict=True):
        np.testing.assert_array_equal(ours, theirs)


def _noise(like: MadeUpSplit, seed: int) -> MadeUpSplit:
    """As many images of noise, with the same labels."""
    pixels = np.random.default_rng(seed).integers(0, 256, like.array.shape)
    return MadeUpSplit(pixels.astype(np.uint8), like.records.labels)


@pytest.mark.parametrize(("monitor", "best"), [("loss", np.argmin), ("accuracy", np.argmax)])
def test_it_stops_early_and_goes_back_to_the_best_weights(
    tmp_path: Path, monitor: Monitor, best: Callable[[list[float]], int]
) -> None:
    # There is nothing to learn, so both figures go up and down.
    train, evaluation = (_noise(split, seed) for seed, split in enumerate((TRAIN, EVALUATION)))
    phases = [{"train": "head", "epochs": 30, "learning_rate": 0.01}]
    classifier, figures = fit_and_figures(
        tmp_path, splits=(train, evaluation), phases=phases, patience=2, monitor=monitor
    )
    rows = history_rows(tmp_path)
    values = [float(row[f"val_{monitor}"]) for row in rows]
    assert len(rows) < 30
    assert min(values) < max(values)
    assert len(rows) == best(values) + 3
    assert [row["kept"] for row in rows[-3:]] == ["1", "0", "0"]
    assert {row["kept"] for row in rows[:-3]} <= {"0"}
    assert figures is not None
    assert figures.monitored(monitor) == values[-3]
    assert asdict(figures) == pytest.approx(asdict(figures_of(classifier, evaluation)), rel=0.01)


def test_a_phase_that_does_harm_is_undone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    once, figures = fit_and_figures(tmp_path, seed=4, **HEAD)
    assert figures is not None
    real = phase.training_batches

    def wrong_labels_in_the_second_phase(
        examples: Any, rule: phase_data.BatchRule, *words: Any
    ) -> tf.data.Dataset:
        batches = real(examples, rule, *words)
        return batches if rule.seed == 4 else batches.map(lambda inputs, labels: (inputs, labels[:, ::-1]))

    monkeypatch.setattr(phase, "training_batches", wrong_labels_in_the_second_phase)
    (first,) = HEAD["phases"]
    undone, same_figures = fit_and_figures(tmp_path, seed=4, phases=[first, first])
    np.testing.assert_allclose(answers_of(undone), answers_of(once), atol=1e-3)
    assert same_figures is not None
    assert asdict(same_figures) == pytest.approx(asdict(figures), rel=1e-3)
    rows = history_rows(tmp_path)
    (kept,) = (row for row in rows if row["kept"] == "1")
    assert (kept["phase"], {row["phase"] for row in rows}) == ("1", {"1", "2"})
    assert float(kept["val_loss"]) == same_figures.loss


def test_each_phase_has_what_is_set_for_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    compiled: list[dict[str, Any]] = []
    compile_ = keras.Model.compile
    monkeypatch.setattr(
        keras.Model, "compile", lambda model, **words: compiled.append(words) or compile_(model, **words)
    )
    fit_small(
        tmp_path,
        loss={"label_smoothing": 0.25},
        optimizer={"name": "rmsprop"},
        schedule={"name": "constant"},
        phases=[
            {"train": "head", "epochs": 1, "learning_rate": 0.5},
            {
                "train": "last 2 layers",
                "epochs": 5,
                "learning_rate": 0.003,
                "optimizer": {"name": "sgd", "clip_norm": 2},
                "schedule": {"name": "cosine"},
            },
        ],
    )
    first, second = compiled
    assert [each["loss"].label_smoothing for each in compiled] == [0.25, 0.25]
    assert isinstance(first["optimizer"], keras.optimizers.RMSprop)
    assert float(first["optimizer"].learning_rate) == 0.5
    assert isinstance(second["optimizer"], keras.optimizers.SGD)
    assert second["optimizer"].global_clipnorm == 2
    rate = second["optimizer"]._learning_rate
    steps = 5 * 4  # epochs x batches
    assert [float(rate(step)) for step in (0, steps // 2, steps)] == pytest.approx(
        [0.003, 0.0015, 0], abs=1e-7
    )


def test_layers_have_rates_of_their_own(tmp_path: Path) -> None:
    """A factor of next to nothing leaves the layer where it was."""
    untouched = build(5)
    classifier = fit_small(
        tmp_path,
        seed=5,
        optimizer={"name": "sgd"},
        phases=[
            {
                "train": "all",
                "epochs": 1,
                "learning_rate": 0.1,
                "layer_rates": [
                    {"layers": "from layer dense", "factor": 1},
                    {"layers": "all", "factor": 1e-12},
                ],
            }
        ],
    )
    moved = [
        layer.name
        for layer, before in zip(classifier.backbones[0].layers, untouched.backbones[0].layers, strict=True)
        if layer.trainable_weights
        and not np.allclose(layer.trainable_weights[0], before.trainable_weights[0], rtol=0, atol=1e-9)
    ]
    assert moved == ["dense"]
    assert not np.array_equal(classifier.head.get_weights()[0], untouched.head.get_weights()[0])


def test_an_earlier_phase_can_see_smaller_images(tmp_path: Path) -> None:
    classifier = fit_small(
        tmp_path,
        phases=[
            {"train": "head", "epochs": 1, "image_size": SIZE},
            {"train": "last 3 layers", "epochs": 1, "image_size": 2 * SIZE},
        ],
        splits=tuple(_larger(split) for split in (TRAIN, EVALUATION)),
        model={"backbone": "mobilenet", "alpha": 0.25, "image_size": 2 * SIZE},
    )
    assert classifier.model.input_shape == (None, 2 * SIZE, 2 * SIZE, 3)
    assert [row["phase"] for row in history_rows(tmp_path)] == ["1", "2"]


def test_after_the_last_seed_comes_the_first(tmp_path: Path) -> None:
    fit_small(
        tmp_path,
        seed=2**32 - 1,
        phases=[{"train": "head", "epochs": 1}, {"train": "head", "epochs": 1, "image_size": SIZE}],
        splits=tuple(_larger(split) for split in (TRAIN, EVALUATION)),
        model={"backbone": "mobilenet", "alpha": 0.25, "image_size": 2 * SIZE},
    )
    assert [row["phase"] for row in history_rows(tmp_path)] == ["1", "2"]


def test_a_phase_is_not_undone_for_what_an_earlier_one_was_in_smaller_images(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: list[list[float]] = []

    def better_in_small_images(classifier: Classifier, *_: Any) -> tuple[EvalFigures, None]:
        bias = classifier.head.get_layer("logits").bias
        begun.append(bias.numpy().tolist())
        bias.assign([0, len(begun)])
        losses = {1: 1000.0, 2: 0.001, 3: 0.002}
        return EvalFigures(1.0, losses[len(begun)]), None

    monkeypatch.setattr("trainer.training_run.fit.run_phase", better_in_small_images)
    classifier = fit_small(
        tmp_path,
        splits=tuple(_larger(split) for split in (TRAIN, EVALUATION)),
        model={"backbone": "mobilenet", "alpha": 0.25, "image_size": 2 * SIZE},
        phases=[{}, {"image_size": SIZE}, {}],
    )
    # Each began with the weights that the one before it ended with, in images of another size.
    assert begun == [[0, 0], [0, 1], [0, 2]]
    np.testing.assert_array_equal(classifier.head.get_layer("logits").bias, [0, 3])


@pytest.mark.parametrize("monitor", ["loss", "accuracy"])
def test_what_a_phase_in_smaller_images_came_to_is_looked_at_in_those_that_are_served(
    tmp_path: Path, monitor: Monitor
) -> None:
    (first,) = HEAD["phases"]
    classifier, figures = fit_and_figures(
        tmp_path,
        splits=tuple(_larger(split) for split in (TRAIN, EVALUATION)),
        model={"backbone": "vgg16", "image_size": 2 * SIZE},
        phases=[{**first, "learning_rate": 0.1, "image_size": SIZE}],
        monitor=monitor,
    )
    assert figures is not None
    assert asdict(figures) == pytest.approx(asdict(figures_of(classifier, _larger(EVALUATION))), rel=1e-4)
    # Those in the smaller images are others.
    assert figures.loss != pytest.approx(
        min(float(row["val_loss"]) for row in history_rows(tmp_path)), rel=0.1
    )


def test_a_phase_whose_loss_on_the_eval_split_is_no_number_comes_to_nothing(tmp_path: Path) -> None:
    # The loss of the only step is that of the model before it.
    one_step = {"batch_size": 64, "phases": [{"train": "all", "epochs": 1, "learning_rate": 1e38}]}
    model = {"backbone": "small_cnn"}
    untouched = build(3, **model)
    classifier, figures = fit_and_figures(
        tmp_path, seed=3, model=model, optimizer={"name": "sgd"}, **one_step
    )
    assert figures is None
    assert [row["val_loss"] for row in history_rows(tmp_path)] == ["nan"]
    for ours, theirs in zip(classifier.model.weights, untouched.model.weights, strict=True):
        np.testing.assert_array_equal(ours, theirs)


def _larger(split: MadeUpSplit) -> MadeUpSplit:
    return MadeUpSplit(split.array.repeat(2, 1).repeat(2, 2), split.records.labels)


def test_a_loss_that_is_no_number_ends_training_and_says_where(tmp_path: Path) -> None:
    large = {"train": "all", "epochs": 9, "learning_rate": 1e38}
    sgd = {"name": "sgd"}
    where = r"step \d of epoch 1 of phase 2, all. Lower training.phases.1.learning_rate.*with "
    with pytest.raises(DivergedError, match=f"{where}training.optimizer.clip_norm") as caught:
        fit_small(tmp_path / "sgd", phases=[*HEAD["phases"], large], optimizer=sgd)
    assert caught.value.best is not None
    before = fit_small(tmp_path, **HEAD, optimizer=sgd)
    np.testing.assert_allclose(answers_of(caught.value.best), answers_of(before), atol=1e-3)
    with pytest.raises(DivergedError, match=f"{where}training.phases.1.optimizer.clip_norm"):
        fit_small(tmp_path, phases=[*HEAD["phases"], {**large, "optimizer": sgd}])


def test_the_best_epoch_of_the_phase_that_diverges_is_kept(tmp_path: Path) -> None:
    # The first of its steps, an epoch each, is one of nothing, and the second ruins the model.
    phase = {"train": "all", "epochs": 5, "learning_rate": 1e38}
    settings = {"batch_size": 64, "optimizer": {"name": "sgd"}, "model": {"backbone": "small_cnn"}}
    rising = {"name": "constant", "warmup_epochs": 4}
    with pytest.raises(DivergedError, match="of epoch 3 of phase 1") as caught:
        fit_small(tmp_path / "rising", seed=3, phases=[phase], schedule=rising, **settings)
    assert caught.value.best is not None
    untouched = build(3, backbone="small_cnn")
    for ours, theirs in zip(
        caught.value.best.model.trainable_weights, untouched.model.trainable_weights, strict=True
    ):
        np.testing.assert_array_equal(ours, theirs)
    with pytest.raises(DivergedError, match="of epoch 2 of phase 1") as caught:
        fit_small(tmp_path / "at once", seed=3, phases=[phase], schedule={"name": "constant"}, **settings)
    assert caught.value.best is None


def test_of_steps_that_run_at_once_none_is_named_for_the_one_that_diverged(tmp_path: Path) -> None:
    decaying = {"name": "sgd", "weight_decay": 0.9}
    large = {"train": "head", "epochs": 2, "learning_rate": 1e38, "optimizer": decaying}
    with pytest.raises(DivergedError, match="is nan in one of the steps 1 to 15 of epoch 1 of phase 1, head"):
        fit_small(tmp_path, batch_size=4, model={"head": {"hidden": [8], "l2": 1.0}}, phases=[large])


def test_pixels_that_memory_cannot_hold_say_what_puts_them_into_a_file(tmp_path: Path) -> None:
    class Endless(MadeUpSplit):
        def pixels(self, size: int) -> PixelStore:
            return PixelStore(np.empty((10**12, size, size, 3), np.uint8), self.records.labels)

    endless = Endless(TRAIN.array, TRAIN.records.labels)
    with pytest.raises(
        ConfigError, match="memory for phase 1, all .* Lower training.cache_gib, which is 500"
    ):
        fit_small(tmp_path, splits=(endless, EVALUATION), cache_gib=500, **ALL)


def test_memory_that_runs_out_says_which_settings_take_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*words: Any) -> None:
        raise tf.errors.ResourceExhaustedError(None, None, "OOM when allocating tensor\nand so on")

    monkeypatch.setattr(phase, "training_batches", full)
    with pytest.raises(ConfigError, match="training.batch_size, which is 16") as caught:
        fit_small(tmp_path, **HEAD)
    assert "and so on" not in str(caught.value)


def test_a_model_that_memory_cannot_hold_says_what_makes_it_large(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="not enough memory for the model .*model.head.hidden"):
        fit_small(tmp_path, model={"head": {"hidden": [10**13]}}, **HEAD)


def test_what_xla_cannot_compile_is_told_where_it_was_asked_for(tmp_path: Path) -> None:
    fused = {"fused_with": [{"backbone": "lenet", "weights": "none", "image_size": 16}]}
    with pytest.raises(
        ConfigError, match="of phase 1, all, .*ScaleAndTranslate.* training.xla to auto or off"
    ):
        fit_small(tmp_path, model=fused, xla="on", **ALL)


def test_the_time_is_up(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", "imgclf.progress")
    fit_small(tmp_path, max_minutes=1e-9, phases=[{"train": "head", "epochs": 5}] * 2)
    assert not (tmp_path / "history.csv").exists()
    left_out = [
        f"phase {number}, head: training.max_minutes are over, so it is left out" for number in (1, 2)
    ]
    assert caplog.messages == left_out


@pytest.mark.parametrize(
    ("late", "message"),
    [
        (
            {"train": "from layer dens"},
            "training.phases.1.train: there is no layer named 'dens' in lenet; did you mean 'dense'",
        ),
        (
            {"layer_rates": [{"layers": "all"}, {"layers": "from block blok2"}]},
            "training.phases.1.layer_rates.1.layers: there is no layer whose name begins with 'blok2' in "
            "lenet; did you mean 'block2_",
        ),
    ],
)
def test_layers_that_do_not_exist_are_named_before_anything_is_trained(
    tmp_path: Path, late: dict[str, Any], message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        fit_small(tmp_path, phases=[*HEAD["phases"], late])
    assert not (tmp_path / "history.csv").exists()


@pytest.mark.parametrize(
    ("steps", "most", "at_once"),
    [(35, 64, 35), (35, 16, 7), (37, 16, 1), (128, 64, 64), (1, 64, 1), (9, 1, 1)],
)
def test_steps_at_once_divide_an_epoch(steps: int, most: int, at_once: int) -> None:
    assert phase.steps_at_once(steps, most) == at_once


@pytest.mark.parametrize("part", ["head", "all"])
@pytest.mark.parametrize("most", [64, 4])
def test_an_epoch_takes_as_many_steps_as_it_has_batches(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, part: str, most: int
) -> None:
    monkeypatch.setattr(phase, "_HEAD_STEPS_AT_ONCE", most)
    fit_small(tmp_path, batch_size=7, phases=[{"train": part, "epochs": 3}])
    cosine = keras.optimizers.schedules.CosineDecay(0.001, 3 * 9)
    rates = [float(row["learning_rate"]) for row in history_rows(tmp_path)]
    assert rates == pytest.approx([float(cosine(step)) for step in (9, 18, 27)], abs=1e-9)
    assert all(float(row["loss"]) > 0 for row in history_rows(tmp_path))
