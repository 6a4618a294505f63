"""The Trainer component's entry."""

from __future__ import annotations

import hashlib
import tempfile
from dataclasses import dataclass
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
from serving.warmup import write_warmup_requests
from trainer.export import export_classifier
from trainer.golden_answers import write_golden_answers
from trainer.images.split_images import SplitImages
from trainer.images.split_records import SplitRecords, read_split
from trainer.model.classifier import build_classifier
from trainer.model.settings import ModelSettings
from trainer.optimization.precision import mixed_precision_policy
from trainer.settings import ServingSettings, TrainingSettings
from trainer.training_run.devices import training_strategy
from trainer.training_run.evaluation_pictures import write_evaluation_pictures
from trainer.training_run.fit import RunFiles, Splits, fit
from trainer.transform_graph import TransformGraph

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
    train_and_export(_request(fn_args, fn_args.custom_config))


def train_and_export(request: TrainRequest) -> None:
    """Builds, trains and exports a classifier."""
    keras.utils.set_random_seed(request.seed)
    if request.training.deterministic:
        tf.config.experimental.enable_op_determinism()
    keras.mixed_precision.set_global_policy(mixed_precision_policy(request.training.mixed_precision))
    request.run_dir.mkdir(parents=True, exist_ok=True)
    transform = TransformGraph(request.transform_dir)
    train, evaluation = (read_split(pattern) for pattern in (request.train_pattern, request.eval_pattern))
    size = request.model.input_size
    logs = request.run_dir / "tensorboard"
    in_memory = (train.count + evaluation.count) * 3 * size**2 <= request.training.cache_gib * 2**30
    with tempfile.TemporaryDirectory(dir=request.run_dir) as scratch:
        splits = Splits(
            SplitImages(train, transform, size, None if in_memory else Path(scratch) / TRAIN),
            SplitImages(evaluation, transform, size, None if in_memory else Path(scratch) / EVAL),
            request.train_counts,
        )
        files = RunFiles(
            history=request.run_dir / "history.csv",
            resume=request.cache_dir / "interrupted" / _resumption_key(request, train, evaluation),
            features=request.cache_dir / "features",
            tensorboard=logs if request.training.tensorboard else None,
        )
        classifier = fit(
            lambda image_size: build_classifier(request.model, len(request.labels), image_size),
            splits,
            request.training,
            request.seed,
            request.preprocessing,
            files,
            training_strategy(),
        )
        if request.training.tensorboard:
            write_evaluation_pictures(
                classifier.model,
                splits.evaluation.pixels(size),
                request.labels,
                request.training.batch_size,
                request.run_dir,
                logs,
            )
    _export(request, classifier.model, transform, evaluation)


def _export(
    request: TrainRequest, model: keras.Model, transform: TransformGraph, evaluation: SplitRecords
) -> None:
    model_dir = request.saved_model_dir.parent
    export_classifier(model, transform, request.labels, request.serving, request.saved_model_dir)
    model.save(model_dir / KERAS_MODEL_FILE)
    files = write_golden_answers(model, transform, evaluation.files, model_dir / GOLDEN_ANSWERS_FILE)
    write_warmup_requests(request.saved_model_dir, request.name, files[:_WARMUP_IMAGES])


def _resumption_key(request: TrainRequest, train: SplitRecords, evaluation: SplitRecords) -> str:
    """Names all that training depends on: a run goes on only from where the very same one ended."""
    settings = (request.model, request.training, request.seed, request.labels, request.code)
    return hashlib.sha256(repr((settings, train.keys, evaluation.keys)).encode()).hexdigest()


def _request(fn_args: fn_args_utils.FnArgs, config: dict[str, Any]) -> TrainRequest:
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
