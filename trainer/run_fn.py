"""The Trainer component's entry."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf
from tfx.components.trainer import fn_args_utils

from components.contract import (
    EVAL,
    GOLDEN_ANSWERS_FILE,
    KERAS_MODEL_FILE,
    LABELS_FILE,
    TRAIN,
)
from components.image_folder.label_map import read_labels
from components.image_folder.split_counts import read_split_counts
from components.progress import report_progress
from serving.warmup import write_warmup_requests
from trainer.export import export_classifier
from trainer.golden_answers import write_golden_answers
from trainer.images.split_images import SplitImages
from trainer.images.split_records import SplitRecords, read_split
from trainer.model.classifier import Classifier, build_classifier
from trainer.model.saved_classifier import add_labels, check_saved_classifier, saved_labels
from trainer.model.settings import ModelSettings
from trainer.model.warm_start import Source, load_source, start_from
from trainer.optimization.precision import mixed_precision_policy
from trainer.settings import ServingSettings, TrainingSettings
from trainer.training_run.devices import training_strategy
from trainer.training_run.evaluation_pictures import write_evaluation_pictures
from trainer.training_run.fit import RunFiles, Splits, fit
from trainer.transform_graph import TransformGraph
from trainer.tuning.values import TunableSettings, decode_values, with_values

_WARMUP_IMAGES = 4


@dataclass(frozen=True)
class TrainRequest:
    """All that training needs to know.

    Attributes:
        name: of the model, as a server knows it.
        model, training, serving: the user's settings.
        seed: of everything random.
        labels: names in id order.
        train_pattern, eval_pattern: shards of raw tf.Examples.
        train_counts: images of each class in the train split, in id order.
        transform_dir: of the TransformGraph artifact.
        saved_model_dir: where the SavedModel goes; the Keras model and the
            golden answers go into the folder that holds it.
        run_dir: history and scratch files.
        cache_dir: what later runs may use again.
        code: fingerprint of the code that trains.
        preprocessing: fingerprint of the code that makes pixels of files, and their size.
    """

    name: str
    model: ModelSettings
    training: TrainingSettings
    serving: ServingSettings
    seed: int
    labels: tuple[str, ...]
    train_pattern: str
    eval_pattern: str
    train_counts: tuple[int, ...]
    transform_dir: str
    saved_model_dir: Path
    run_dir: Path
    cache_dir: Path
    code: str
    preprocessing: str


def run_fn(fn_args: fn_args_utils.FnArgs) -> None:
    """Trains and exports what TFX's Trainer asks for."""
    request = train_request(fn_args, fn_args.custom_config)
    if fn_args.hyperparameters:
        request = with_tuned_values(request, decode_values(fn_args.hyperparameters["values"]))
    train_and_export(request)


def train_and_export(request: TrainRequest) -> None:
    """Builds, trains and exports a classifier."""
    logs = request.run_dir / "tensorboard" if request.training.tensorboard else None
    with opened_splits(request) as (splits, transform):
        classifier = train(request, splits, request.run_dir / "history.csv", logs)
        evaluation = splits.evaluation.records
        if logs is not None:
            write_evaluation_pictures(
                classifier.model,
                splits.evaluation.pixels(request.model.input_size),
                request.labels,
                request.training.batch_size,
                request.run_dir,
                logs,
            )
    _export(request, classifier.model, transform, evaluation)


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
    in_memory = (learnt.count + looked_at.count) * 3 * size**2 <= request.training.cache_gib * 2**30
    with tempfile.TemporaryDirectory(dir=request.run_dir) as scratch:
        splits = Splits(
            SplitImages(learnt, transform, size, None if in_memory else Path(scratch) / TRAIN),
            SplitImages(looked_at, transform, size, None if in_memory else Path(scratch) / EVAL),
            request.train_counts,
        )
        yield splits, transform


def train(
    request: TrainRequest, splits: Splits, history: Path, tensorboard: Path | None = None
) -> Classifier:
    """Trains from the start, or from where a killed run of the very same request ended.

    Args:
        request: what to train, and how.
        splits: images, from `opened_splits` of this request or of one with the same images and size.
        history: CSV that gets one row an epoch.
        tensorboard: folder of TensorBoard's logs; None for none.

    Raises:
        ConfigError: the loss stopped being a number, there is no layer that a phase names, or memory ran out.
    """
    keras.utils.set_random_seed(request.seed)
    if request.training.deterministic:
        tf.config.experimental.enable_op_determinism()
    keras.mixed_precision.set_global_policy(mixed_precision_policy(request.training.mixed_precision))
    files = RunFiles(
        history=history,
        resume=request.cache_dir / "interrupted" / training_key(request, splits),
        features=request.cache_dir / "features",
        tensorboard=tensorboard,
    )
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

    def build_on(image_size: int) -> Classifier:
        classifier, kept = start_from(source, build(image_size), labels)
        if image_size == settings.input_size:  # One of each size is built, and this one of every run.
            fresh = f"; afresh, in whole or in part: {', '.join(kept)}" if kept else ""
            report_progress(f"starts from a model of {len(source.labels)} classes{fresh}")
        return classifier

    return build_on


def _export(
    request: TrainRequest, model: keras.Model, transform: TransformGraph, evaluation: SplitRecords
) -> None:
    model_dir = request.saved_model_dir.parent
    export_classifier(model, transform, request.labels, request.serving, request.saved_model_dir)
    model.save(model_dir / KERAS_MODEL_FILE)
    add_labels(model_dir / KERAS_MODEL_FILE, request.labels)
    files = write_golden_answers(
        model,
        transform,
        evaluation.files,
        model_dir / GOLDEN_ANSWERS_FILE,
        request.serving.test_time_augmentation,
    )
    write_warmup_requests(request.saved_model_dir, request.name, files[:_WARMUP_IMAGES])


def training_key(request: TrainRequest, splits: Splits) -> str:
    """Names all that training depends on, as a hexadecimal SHA-256: the same key, the same outcome."""
    settings = (request.model, request.training, request.seed, request.labels, request.code)
    records = (splits.train.records, splits.evaluation.records)
    images = [(each.keys, each.labels.tolist()) for each in records]
    return hashlib.sha256(repr((settings, request.preprocessing, images)).encode()).hexdigest()


def with_tuned_values(request: TrainRequest, values: Mapping[str, Any]) -> TrainRequest:
    """The same request with other values at dotted keys of `model` and `training`.

    Raises:
        ConfigError: the settings refuse a value, or the combination.
    """
    settings = with_values(TunableSettings(model=request.model, training=request.training), values)
    return replace(request, model=settings.model, training=settings.training)


def train_request(fn_args: fn_args_utils.FnArgs, config: Mapping[str, Any]) -> TrainRequest:
    """What TFX passes on, decoded.

    Args:
        fn_args: of the component.
        config: the component's `custom_config`.
    """
    (train_pattern,), (eval_pattern,) = fn_args.train_files, fn_args.eval_files
    examples_dir = Path(train_pattern).parent.parent
    counts = read_split_counts(examples_dir)
    labels = read_labels(examples_dir / LABELS_FILE)
    return TrainRequest(
        name=config["name"],
        model=ModelSettings.model_validate(config["model"]),
        training=TrainingSettings.model_validate(config["training"]),
        serving=ServingSettings.model_validate(config["serving"]),
        seed=config["seed"],
        labels=labels,
        train_pattern=train_pattern,
        eval_pattern=eval_pattern,
        train_counts=tuple(counts[TRAIN][label] for label in labels),
        transform_dir=fn_args.transform_graph_path,
        saved_model_dir=Path(fn_args.serving_model_dir),
        run_dir=Path(fn_args.model_run_dir),
        cache_dir=Path(config["cache_dir"]),
        code=config["code"],
        preprocessing=config["preprocessing"],
    )
