"""Fitting the classifier, phase by phase."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Final

import keras
import tensorflow as tf

from components.class_balance.class_weights import class_weights
from components.contract import ConfigError
from components.progress import report_progress
from serving.first_line import first_line
from trainer.features.feature_cache import FeatureCache
from trainer.images.split_images import SplitImages
from trainer.model.classifier import Classifier
from trainer.model.trainable import parse_trainable
from trainer.optimization.precision import dtype_policy
from trainer.settings import PhaseSettings, TrainingSettings
from trainer.training_run.best_so_far import BestSoFar
from trainer.training_run.callbacks import DivergedError
from trainer.training_run.epochs import cap_epochs
from trainer.training_run.eval_figures import EvalFigures
from trainer.training_run.history import History
from trainer.training_run.phase import PhasePlan, eval_figures, run_phase
from trainer.training_run.saved_state import SavedState
from trainer.training_run.without_effect import without_effect

_PHASE_FILE: Final = "phase.npz"
# NumPy knows no others, and a phase has the seed after that of the one before it.
_SEEDS: Final = 2**32
_SMALLER_MODEL: Final = (
    "Take fewer units for model.head.hidden, another model.head.pooling, a smaller model.image_size, or a "
    "smaller model.backbone."
)


@dataclass(frozen=True)
class Splits:
    """What is trained on, and what is looked at after each epoch.

    Attributes:
        train, evaluation: images of the two splits, of the size that the model takes in the end.
        train_counts: training images of each class, in id order.
    """

    train: SplitImages
    evaluation: SplitImages
    train_counts: Sequence[int]


@dataclass(frozen=True)
class RunFiles:
    """Where training writes.

    Attributes:
        history: CSV that gets one row an epoch.
        resume: folder of what a killed run goes on from; named after all that training depends on, and gone
            when training ends.
        features: folder of the feature cache.
        tensorboard: folder of TensorBoard's logs; None for none.
        outcome: file with what training came to, for a later run of the very same; None to keep nothing.
    """

    history: Path
    resume: Path
    features: Path
    tensorboard: Path | None = None
    outcome: Path | None = None


def fit(
    build: Callable[[int], Classifier],
    splits: Splits,
    settings: TrainingSettings,
    seed: int,
    preprocessing: str,
    files: RunFiles,
    strategy: tf.distribute.Strategy | None = None,
) -> tuple[Classifier, EvalFigures | None]:
    """Runs the phases in order; the model ends with the weights that did best on the eval split.

    A phase that does worse than what came before it leaves no trace; both are
    looked at in images of the size that the model takes in the end. A phase
    that trains only the head learns from features, which are computed once
    an image and kept for later runs. What a killed run did up to its last
    whole epoch is not done again, and the outcome is the same; nor is what
    the run before it did that was just like this one.

    Args:
        build: makes the classifier for images of a height and width, pixels.
        splits: images.
        settings: phases, loss, optimizer, schedule, augmentation.
        seed: of shuffling and augmentation.
        preprocessing: names whatever makes pixels of files.
        files: where to write.
        strategy: the devices to train on; the default strategy unless given.

    Returns:
        The classifier, on one device and in float32, and what it comes to on the eval split, in images of the
        size that it takes; None where no epoch came to anything, so that the classifier is as it was built.

    Raises:
        DivergedError: the loss stopped being a number.
        ConfigError: there is no layer that a phase names, or memory ran out.
    """
    strategy = strategy or tf.distribute.get_strategy()
    with strategy.scope():
        classifier, figures, diverged = _fit(build, splits, settings, seed, preprocessing, files)
    if strategy.num_replicas_in_sync > 1 or keras.config.dtype_policy().name != "float32":
        # In 16 bits, each machine that serves would round in its own way, and so would each batch.
        with dtype_policy("float32"):
            alone = build(splits.train.size)
        alone.model.set_weights(classifier.model.get_weights())
        classifier = alone
    if diverged is not None:
        raise DivergedError(str(diverged), None if figures is None else classifier) from diverged
    return classifier, figures


def _fit(
    build: Callable[[int], Classifier],
    splits: Splits,
    settings: TrainingSettings,
    seed: int,
    preprocessing: str,
    files: RunFiles,
) -> tuple[Classifier, EvalFigures | None, DivergedError | None]:
    until = time.monotonic() + 60 * settings.max_minutes if settings.max_minutes else float("inf")
    epochs_of = cap_epochs([phase.epochs for phase in settings.phases], settings.epochs)
    cache = FeatureCache(files.features, int(settings.feature_cache_gib * 2**30))
    weights = _class_weights(settings, splits.train_counts)
    with _memory_in_words("the model", _SMALLER_MODEL):
        classifier = build(splits.train.size)
    _check_layer_names(settings.phases, classifier)
    if idle := without_effect(settings):
        report_progress(idle)
    history = History(files.history)
    first, best = _go_on(files, classifier, settings, history)
    for number, (phase, epochs) in enumerate(zip(settings.phases, epochs_of, strict=True)):
        if number < first or epochs == 0:
            continue
        plan = PhasePlan(
            number=number,
            settings=settings,
            phase=phase,
            epochs=epochs,
            class_weights=weights,
            classes=len(splits.train_counts),
            seed=(seed + number) % _SEEDS,
            preprocessing=preprocessing,
            until=until,
            tensorboard=files.tensorboard,
        )
        if time.monotonic() >= until:
            report_progress(f"{plan.name}: training.max_minutes are over, so it is left out")
            continue
        begun = _state_before(number, classifier, best, history, files.resume.name)
        begun.save(files.resume / _PHASE_FILE)
        history.phase = number + 1
        sized = _at_size(classifier, build, phase.image_size or splits.train.size, plan.seed)
        state = files.resume / f"epochs-{number}.npz"
        with _phase_memory_in_words(plan):
            figures, diverged = run_phase(sized, splits.train, splits.evaluation, plan, cache, history, state)
        if sized is not classifier:
            classifier.model.set_weights(sized.model.get_weights())
            if figures is not None:
                # Phases of several sizes are compared at the one that is served.
                with _phase_memory_in_words(plan):
                    figures = eval_figures(classifier, splits.evaluation, plan)
        if best.is_beaten_by(figures):
            best = BestSoFar(settings.monitor, figures, classifier.model.get_weights())
        else:
            report_progress(f"{plan.name}: no better {settings.monitor} on the eval split, so it is undone")
            history.keep(None)
            classifier.model.set_weights(best.weights)
        if diverged is not None:
            return classifier, best.figures, diverged
    over = len(settings.phases)
    if files.outcome is not None and first < over:
        # The model has the best weights now.
        outcome = _state_before(over, classifier, replace(best, weights=()), history, files.resume.name)
        outcome.save(files.outcome)
    shutil.rmtree(files.resume, ignore_errors=True)
    return classifier, best.figures, None


def _check_layer_names(phases: Sequence[PhaseSettings], classifier: Classifier) -> None:
    """Refuses a name in a late phase before the phases that come first are trained."""
    for number, phase in enumerate(phases):
        key = f"training.phases.{number}"
        classifier.learning_starts(phase.trainable, f"{key}.train")
        for place, rate in enumerate(phase.layer_rates):
            classifier.learning_starts(parse_trainable(rate.layers), f"{key}.layer_rates.{place}.layers")


def _class_weights(settings: TrainingSettings, train_counts: Sequence[int]) -> tf.Tensor | None:
    """Weight of each class in the loss, float32 [classes]; None when all count the same."""
    if settings.class_weights == "none":
        return None
    weights = class_weights(dict(enumerate(train_counts)), settings.class_weights)
    return tf.constant(list(weights.values()), tf.float32)


def _at_size(classifier: Classifier, build: Callable[[int], Classifier], size: int, seed: int) -> Classifier:
    """The classifier itself, or one with the same weights for images of another size."""
    if classifier.model.input_shape[1] == size:
        return classifier
    keras.utils.set_random_seed(seed)  # Whatever was built before, a run that goes on included.
    other = build(size)
    other.model.set_weights(classifier.model.get_weights())
    return other


def _state_before(
    number: int, classifier: Classifier, best: BestSoFar, history: History, training: str
) -> SavedState:
    """What a phase begins with; or, with a number after the last, what all of them came to."""
    figures = None if best.figures is None else asdict(best.figures)
    return SavedState(
        {"training": training, "phase": number, "best": figures, "rows": history.rows},
        {
            "variables": [variable.numpy() for variable in classifier.model.variables],
            "best weights": best.weights,
        },
    )


def _go_on(
    files: RunFiles, classifier: Classifier, settings: TrainingSettings, history: History
) -> tuple[int, BestSoFar]:
    """The phase to begin with, and the best before it."""
    state = None if files.outcome is None else SavedState.load(files.outcome)
    if state is None or state.figures["training"] != files.resume.name:
        state = SavedState.load(files.resume / _PHASE_FILE)
    if state is None:
        return 0, BestSoFar(settings.monitor, None, classifier.model.get_weights())
    for variable, value in zip(classifier.model.variables, state.arrays["variables"], strict=True):
        variable.assign(value)
    history.rows = list(state.figures["rows"])
    history.write()
    phase = state.figures["phase"]
    if phase < len(settings.phases):
        report_progress(f"goes on with phase {phase + 1} of a run that was interrupted")
    else:
        report_progress("nothing that training depends on has changed: takes the weights it came to before")
    figures = None if state.figures["best"] is None else EvalFigures(**state.figures["best"])
    return phase, BestSoFar(settings.monitor, figures, state.arrays["best weights"])


def _smaller_steps(plan: PhasePlan) -> str:
    return (
        f"Lower training.batch_size, which is {plan.settings.batch_size}; or "
        f"training.phases.{plan.number}.image_size or model.image_size; or train fewer layers."
    )


@contextmanager
def _memory_in_words(name: str, advice: str) -> Iterator[None]:
    """Turns TensorFlow's many pages about memory into what a user can do."""
    try:
        yield
    except tf.errors.ResourceExhaustedError as error:
        raise ConfigError(
            f"There is not enough memory for {name} ({first_line(error.message)}). {advice}"
        ) from error


@contextmanager
def _phase_memory_in_words(plan: PhasePlan) -> Iterator[None]:
    """The same for a phase, in which arrays of NumPy hold the decoded images."""
    try:
        with _memory_in_words(plan.name, _smaller_steps(plan)):
            yield
    except MemoryError as error:
        raise ConfigError(
            f"There is not enough memory for {plan.name} ({first_line(str(error))}). Lower "
            f"training.cache_gib, which is {plan.settings.cache_gib:g}, so that decoded images are kept in "
            "a file."
        ) from error
