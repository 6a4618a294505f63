from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np
import pytest

from tests.trainer.optimization.two_layers import LABELS, PIXELS, two_layers
from trainer.optimization.optimizers import build_optimizer
from trainer.optimization.settings import OptimizerSettings
from trainer.optimization.weight_averaging import ema_callbacks

EMA = 0.5
SETTINGS = OptimizerSettings(name="sgd", momentum=0.5, ema=EMA)
Weights = list[np.ndarray]


def _averages(steps: list[Weights]) -> list[Weights]:
    """The average after each step, by its formula."""
    averages = [steps[0]]
    for weights in steps[1:]:
        averages.append([EMA * a + (1 - EMA) * w for a, w in zip(averages[-1], weights, strict=True)])
    return averages


class _Seen(keras.callbacks.Callback):
    """The weights after each step, and at the end of each epoch as those before it in the list leave them."""

    def __init__(self) -> None:
        super().__init__()
        self.steps: list[Weights] = []
        self.epochs: list[Weights] = []

    def on_train_batch_end(self, batch: int, logs: dict | None = None) -> None:
        self.steps.append(self.model.get_weights())

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        self.epochs.append(self.model.get_weights())


def _compiled() -> keras.Model:
    model = two_layers()
    model.compile(build_optimizer(SETTINGS, 0.5), "categorical_crossentropy", jit_compile=False)
    return model


def _fit(
    model: keras.Model, callbacks: list, *, learnable: bool = True, first: int = 0
) -> keras.callbacks.History:
    """Four epochs of two steps; unless learnable, the eval split contradicts what is learnt."""
    labels = LABELS if learnable else LABELS[:, ::-1]
    return model.fit(
        PIXELS,
        LABELS,
        batch_size=4,
        shuffle=False,
        epochs=4,
        initial_epoch=first,
        validation_data=(PIXELS, labels),
        verbose=0,
        callbacks=callbacks,
    )


def _same(one: Weights, other: Weights) -> bool:
    return all(np.allclose(a, b, rtol=1e-4, atol=1e-6) for a, b in zip(one, other, strict=True))


@pytest.mark.parametrize("learnable", [True, False])
def test_the_weights_kept_are_the_averages_of_the_best_epoch(learnable: bool, tmp_path: Path) -> None:
    before, after = _Seen(), _Seen()
    stop = keras.callbacks.EarlyStopping(monitor="val_loss", patience=1, restore_best_weights=True)
    path = str(tmp_path / "best.weights.h5")
    save = keras.callbacks.ModelCheckpoint(
        path, monitor="val_loss", save_best_only=True, save_weights_only=True
    )
    model = _compiled()
    history = _fit(model, [before, *ema_callbacks(SETTINGS), after, stop, save], learnable=learnable)
    averages = _averages(before.steps)
    for epoch, (weights, averaged) in enumerate(zip(before.epochs, after.epochs, strict=True)):
        assert _same(weights, before.steps[2 * epoch + 1])
        assert _same(averaged, averages[2 * epoch + 1])
        assert not _same(weights, averaged)
    losses = history.history["val_loss"]
    best = int(np.argmin(losses))
    # Learning ends with the last of four epochs, and what is not learnable before it.
    assert (len(losses), best == len(losses) - 1) == ((4, True) if learnable else (best + 2, False))
    assert learnable or len(losses) < 4
    kept = model.get_weights()
    assert _same(kept, averages[2 * best + 1])
    check = LABELS if learnable else LABELS[:, ::-1]
    loss = model.evaluate(PIXELS, check, verbose=0)
    assert loss == pytest.approx(min(losses), rel=1e-4)
    model.load_weights(path)
    assert _same(model.get_weights(), kept)


def test_training_goes_on_with_the_weights_that_are_not_averaged() -> None:
    seen, plain = _Seen(), _Seen()
    _fit(_compiled(), [seen, *ema_callbacks(SETTINGS)])
    model = two_layers()
    optimizer = build_optimizer(SETTINGS.model_copy(update={"ema": None}), 0.5)
    model.compile(optimizer, "categorical_crossentropy", jit_compile=False)
    _fit(model, [plain])
    assert len(seen.steps) == 8
    assert all(_same(one, other) for one, other in zip(seen.steps, plain.steps, strict=True))


class _AtEpochEnd(keras.callbacks.Callback):
    def __init__(self, act: Callable[[int], None]) -> None:
        super().__init__()
        self._act = act

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        self._act(epoch)


def test_state_that_is_saved_before_the_swap_resumes_as_if_unbroken() -> None:
    model, state, weights = _compiled(), {}, []

    def save(epoch: int) -> None:
        if epoch == 1:
            weights.extend(model.get_weights())
            model.optimizer.save_own_variables(state)

    _fit(model, [_AtEpochEnd(save), *ema_callbacks(SETTINGS)])
    resumed = _compiled()
    resumed.set_weights(weights)
    resumed.optimizer.build(resumed.trainable_variables)
    resumed.optimizer.load_own_variables(state)
    _fit(resumed, ema_callbacks(SETTINGS), first=2)
    assert _same(resumed.get_weights(), model.get_weights())


def test_without_an_average_there_is_nothing_to_swap() -> None:
    assert ema_callbacks(OptimizerSettings()) == []
