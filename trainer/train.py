"""Training a classifier as a request says."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import keras
import tensorflow as tf

from components.contract import EVAL, TRAIN
from components.progress import report_progress
from trainer.images.split_images import PixelMemory, SplitImages
from trainer.images.split_records import read_split
from trainer.model.classifier import Classifier, build_classifier
from trainer.model.saved_classifier import check_saved_classifier, saved_labels
from trainer.model.settings import ModelSettings
from trainer.model.warm_start import Source, load_source, start_from
from trainer.optimization.precision import dtype_policy, mixed_precision_policy
from trainer.train_request import TrainRequest, training_key
from trainer.training_run.devices import training_strategy
from trainer.training_run.eval_figures import EvalFigures
from trainer.training_run.fit import RunFiles, Splits, fit
from trainer.transform_graph import TransformGraph


@contextmanager
def opened_splits(request: TrainRequest) -> Iterator[tuple[Splits, TransformGraph]]:
    """The images to train on and to look at, decoded when first asked for, and what decodes them.

    Args:
        request: pixels are kept in memory as far as it allows, else in scratch files below its `run_dir`,
            which are gone when the context ends.
    """
    request.run_dir.mkdir(parents=True, exist_ok=True)
    transform = TransformGraph(request.transform_dir)
    learnt, looked_at = (read_split(pattern) for pattern in (request.train_pattern, request.eval_pattern))
    size = request.model.input_size
    memory = PixelMemory(request.training.cache_gib * 2**30)
    with tempfile.TemporaryDirectory(dir=request.run_dir) as scratch:
        splits = Splits(
            SplitImages(learnt, transform, size, Path(scratch) / TRAIN, memory),
            SplitImages(looked_at, transform, size, Path(scratch) / EVAL, memory),
            request.train_counts,
        )
        yield splits, transform


def train(
    request: TrainRequest,
    splits: Splits,
    history: Path,
    tensorboard: Path | None = None,
    outcome: Path | None = None,
) -> tuple[Classifier, EvalFigures | None]:
    """Trains from the start, or from where another run of the very same request ended, killed or not.

    Args:
        request: what to train, and how.
        splits: images, from `opened_splits` of this request or of one with the same images and size.
        history: CSV that gets one row an epoch.
        tensorboard: folder of TensorBoard's logs; None for none.
        outcome: file with what training came to, for a later run of the very same; None to keep nothing.

    Returns:
        The classifier and what it comes to on the eval split, as `fit` has them.

    Raises:
        DivergedError: the loss stopped being a number.
        ConfigError: there is no layer that a phase names, or memory ran out.
    """
    # Models of trainings before this one would stay in memory. And Keras numbers layers that nobody names
    # through all models of a process: a network made anew for steady names moves the random numbers on.
    keras.backend.clear_session()
    keras.utils.set_random_seed(request.seed)
    if request.training.deterministic:
        tf.config.experimental.enable_op_determinism()
    files = RunFiles(
        history=history,
        resume=request.cache_dir / "interrupted" / training_key(request, splits),
        features=request.cache_dir / "features",
        tensorboard=tensorboard,
        outcome=outcome,
    )
    with dtype_policy(mixed_precision_policy(request.training.mixed_precision)):
        return fit(
            _builder(request.model, request.labels),
            splits,
            request.training,
            request.seed,
            request.preprocessing,
            files,
            training_strategy(),
        )


def _builder(settings: ModelSettings, labels: tuple[str, ...]) -> Callable[[int], Classifier]:
    """Makes classifiers of any image size, which start from another model where the settings name one."""

    def build(image_size: int) -> Classifier:
        return build_classifier(settings, len(labels), image_size)

    if settings.start_from is None:
        return build
    path = Path(settings.start_from)
    check_saved_classifier(path, settings.start_from_sha256)
    source = Source(load_source(path), saved_labels(path))
    told = False

    def build_on(image_size: int) -> Classifier:
        nonlocal told
        classifier, kept = start_from(source, build(image_size), labels)
        if not told:  # One of each size is built, and the last once more in the numbers that are served.
            told = True
            fresh = f"; afresh, in whole or in part: {', '.join(kept)}" if kept else ""
            report_progress(f"starts from a model of {len(source.labels)} classes{fresh}")
        return classifier

    return build_on
