"""Running one phase."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import keras
import tensorflow as tf

from components.progress import report_progress
from trainer.augmentation.augment import without_mixing
from trainer.features.extraction import Views, cached_features, extraction_of, extractor_key
from trainer.features.feature_cache import FeatureCache
from trainer.images.batches import steps_an_epoch
from trainer.images.split_images import SplitImages
from trainer.model.classifier import Classifier
from trainer.optimization.losses import build_loss
from trainer.optimization.optimizers import build_optimizer
from trainer.optimization.schedules import build_schedule, schedule_callbacks
from trainer.optimization.weight_averaging import ema_callbacks
from trainer.settings import PhaseSettings, Switch, TrainingSettings
from trainer.training_run.callbacks import BestEpoch, DivergedError, EpochLine, StopWhenDiverged, TimeLimit
from trainer.training_run.compiling import WORTH_MEASURING, compile_quickest, refusal_in_words
from trainer.training_run.devices import OneStatistics, dealt_out, each_in_turn
from trainer.training_run.eval_figures import EvalFigures
from trainer.training_run.history import History
from trainer.training_run.layer_factors import variable_factors
from trainer.training_run.phase_data import BatchRule, Examples, evaluation_batches, training_batches
from trainer.training_run.resumption import Resumption
from trainer.training_run.tensorboard import Curves

# Most steps of a head that run without a word from Python; each takes a fraction of a millisecond.
_HEAD_STEPS_AT_ONCE: Final = 64


@dataclass(frozen=True)
class PhasePlan:
    """What a phase is to do.

    Attributes:
        number: of the phase, from 0.
        settings: of training as a whole.
        phase: of this phase.
        epochs: of this phase, after all cuts.
        class_weights: float32 [classes]; None when all count the same.
        classes: labels there are.
        seed: of everything random in it.
        preprocessing: names whatever makes pixels of files.
        until: when the time is up, on the clock of `time.monotonic`.
        tensorboard: folder of TensorBoard's logs; None for none.
    """

    number: int
    settings: TrainingSettings
    phase: PhaseSettings
    epochs: int
    class_weights: tf.Tensor | None
    classes: int
    seed: int
    preprocessing: str
    until: float
    tensorboard: Path | None

    @property
    def name(self) -> str:
        """What to call it."""
        return f"phase {self.number + 1}, {self.phase.train}"


def run_phase(
    classifier: Classifier,
    train: SplitImages,
    evaluation: SplitImages,
    plan: PhasePlan,
    cache: FeatureCache,
    history: History,
    state: Path,
) -> tuple[EvalFigures | None, DivergedError | None]:
    """Trains, and leaves the classifier with the weights of the best epoch.

    Args:
        classifier: changed in place; for images of the phase's size.
        train, evaluation: images of the two splits.
        plan: what is to be done.
        cache: of features, for a phase that trains only the head.
        history: gets a row an epoch.
        state: file that a run which was killed left, or that this one leaves if it is.

    Returns:
        What the eval split came to in the best epoch, in images of the phase's size; None if there was no
        epoch in which `training.monitor` was a number. And why the phase ended before its time, if the loss
        stopped being one.
    """
    classifier.set_trainable(plan.phase.trainable)
    size = classifier.model.input_shape[1]
    if plan.phase.trainable.head_only:
        model = classifier.head
        learnt, looked_at = _feature_examples(classifier, train, evaluation, size, plan, cache)
        augmentation, most_at_once = None, _HEAD_STEPS_AT_ONCE
    else:
        model = classifier.model
        learnt, looked_at = (Examples.of_pixels(each.pixels(size)) for each in (train, evaluation))
        augmentation, most_at_once = plan.settings.augmentation, 1
    rule = BatchRule(plan.settings.batch_size, plan.classes, plan.class_weights, augmentation, plan.seed)
    steps = steps_an_epoch(train.count, rule.size)
    strategy = tf.distribute.get_strategy()
    devices = strategy.num_replicas_in_sync
    # A loop of several steps runs on one device alone.
    at_once = 1 if devices > 1 else steps_at_once(steps, most_at_once)
    monitor = plan.settings.monitor
    stopping = BestEpoch(
        monitor=f"val_{monitor}",
        mode="min" if monitor == "loss" else "max",
        patience=plan.settings.patience,
        restore_best_weights=True,
    )
    schedule = plan.phase.schedule or plan.settings.schedule
    key = f"training.phases.{plan.number}"
    optimizer = plan.phase.optimizer or plan.settings.optimizer
    optimizer_key = f"{key}.optimizer" if plan.phase.optimizer else "training.optimizer"
    watched = [*ema_callbacks(optimizer), *schedule_callbacks(schedule), stopping, history]
    resumption = Resumption(state, watched)
    first = resumption.initial_epoch
    if resumption.compiled is None:
        setting = _xla(plan, steps, devices)
    else:
        setting = "on" if resumption.compiled else "off"
    resumption.compiled = compile_quickest(
        model,
        lambda jit: _compile(model, classifier, plan, steps, at_once, jit),
        lambda: training_batches(learnt, rule, 0, 1),
        setting,
        plan.name,
    )
    if first:
        report_progress(f"{plan.name}: goes on after epoch {first}")
    diverged = None
    try:
        with refusal_in_words(plan.name):
            model.fit(
                dealt_out(training_batches(learnt, rule, first, plan.epochs), strategy),
                validation_data=_evaluation_data(looked_at, rule),
                initial_epoch=first,
                epochs=first if resumption.stopped else plan.epochs,
                steps_per_epoch=steps,
                shuffle=False,  # The batches are in the order that they are meant to be in.
                verbose=0,
                callbacks=[
                    StopWhenDiverged(plan.name, f"{key}.learning_rate", f"{optimizer_key}.clip_norm"),
                    *([OneStatistics()] if devices > 1 else []),
                    *watched,
                    *([] if plan.tensorboard is None else [Curves(plan.tensorboard, history)]),
                    EpochLine(plan.name, plan.epochs),
                    TimeLimit(plan.until),
                    resumption,
                ],
            )
    except DivergedError as error:
        diverged = error
        stopping.on_train_end()  # Keras does not call it then, and it goes back to the best epoch.
    if stopping.best is None or not math.isfinite(stopping.best):
        return None, diverged
    history.keep(stopping.best_epoch + 1)
    # The history has also the rows of epochs before the run was killed.
    (best,) = (
        row
        for row in history.rows
        if (row["phase"], row["epoch"]) == (history.phase, stopping.best_epoch + 1)
    )
    return EvalFigures(best["val_accuracy"], best["val_loss"]), diverged


def eval_figures(classifier: Classifier, evaluation: SplitImages, plan: PhasePlan) -> EvalFigures:
    """What the eval split comes to, in images of the size that the classifier takes.

    Args:
        classifier: its weights stay as they are; it is compiled anew.
        evaluation: images of the split.
        plan: of the phase that it comes from; says what the loss is.
    """
    model = classifier.model
    model.compile(
        optimizer="sgd",  # Never asked, but a model without one could not be saved and loaded.
        loss=build_loss(plan.settings.loss),
        metrics=["accuracy"],
        jit_compile=False,
    )
    rule = BatchRule(plan.settings.batch_size, plan.classes, plan.class_weights, None, plan.seed)
    looked_at = Examples.of_pixels(evaluation.pixels(model.input_shape[1]))
    figures = model.evaluate(_evaluation_data(looked_at, rule), verbose=0, return_dict=True)
    return EvalFigures(float(figures["accuracy"]), float(figures["loss"]))


def _evaluation_data(looked_at: Examples, rule: BatchRule) -> Any:
    """All examples once, as Keras takes them on the devices at hand."""
    strategy = tf.distribute.get_strategy()
    batches = evaluation_batches(looked_at, rule, strategy.num_replicas_in_sync)
    return each_in_turn(batches, strategy)


def steps_at_once(steps: int, most: int) -> int:
    """The largest divisor of the steps of an epoch that is not above `most`.

    With any other number, Keras would take the rest of the last steps at once from the next epoch's batches.
    """
    return max(number for number in range(1, min(most, steps) + 1) if steps % number == 0)


def _xla(plan: PhasePlan, steps: int, devices: int) -> Switch:
    """`training.xla`, or `off` where measuring would not earn its time back, or could not be told again."""
    if devices > 1:
        return "off"  # Keras sums the gradients in a way that XLA does not compile.
    if plan.settings.xla == "auto" and (plan.settings.deterministic or steps * plan.epochs < WORTH_MEASURING):
        return "off"
    return plan.settings.xla


def _feature_examples(
    classifier: Classifier,
    train: SplitImages,
    evaluation: SplitImages,
    size: int,
    plan: PhasePlan,
    cache: FeatureCache,
) -> tuple[Examples, Examples]:
    key = extractor_key(classifier.extractor, plan.preprocessing)
    extract = extraction_of(classifier.extractor)
    count = plan.settings.feature_views
    # The cache holds features an image, and the label of a mixed one would be that of several.
    augmentation = without_mixing(plan.settings.augmentation)
    examples = []
    for images, views in ((train, count), (evaluation, 1)):
        looks = Views(views, augmentation, plan.seed)
        store = cached_features(extract, images, size, looks, cache, key)
        examples.append(Examples.of_features(store, images.records.labels))
    return examples[0], examples[1]


def _compile(
    model: keras.Model, classifier: Classifier, plan: PhasePlan, steps: int, at_once: int, jit: bool
) -> None:
    rate = build_schedule(
        plan.phase.schedule or plan.settings.schedule, plan.phase.learning_rate, plan.epochs, steps
    )
    key = f"training.phases.{plan.number}.layer_rates"
    rates = plan.phase.layer_rates
    factors = variable_factors(classifier, model.trainable_variables, rates, key) if rates else None
    settings = plan.phase.optimizer or plan.settings.optimizer
    model.compile(
        optimizer=build_optimizer(settings, rate, factors),
        loss=build_loss(plan.settings.loss),
        metrics=["accuracy"],
        jit_compile=jit,
        steps_per_execution=at_once,
    )
    # Its variables have to be there before a run that goes on can restore them.
    model.optimizer.build(model.trainable_variables)
