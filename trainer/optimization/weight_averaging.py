"""Evaluating and keeping the average of the weights instead of the weights themselves."""

from __future__ import annotations

import keras

from trainer.optimization.settings import OptimizerSettings


def ema_callbacks(settings: OptimizerSettings) -> list[keras.callbacks.Callback]:
    """What puts the average of the weights into the model for evaluation, and for whoever looks after it.

    The callback swaps the weights and their average before evaluation and back after it, and once more from
    the end of an epoch to the beginning of the next. So the place in the list of callbacks decides what
    another one sees at the end of an epoch:

    - Before it: the weights that training goes on with. What saves state to resume from belongs here; after
      it, weights and average would change places on resuming.
    - After it: the averaged weights, which the epoch's `val_loss` is of. `EarlyStopping` and
      `ModelCheckpoint` belong here.

    When training ends before its last epoch, Keras ends with the weights that are not averaged, and the
    average is lost. `EarlyStopping` with `restore_best_weights` then puts back the averaged weights of the
    best epoch, so there has to be one.

    Statistics that are not trained, such as those of batch normalisation, are not averaged.

    Returns:
        One callback, or none without `ema`.
    """
    return [] if settings.ema is None else [keras.callbacks.SwapEMAWeights(swap_on_epoch=True)]
