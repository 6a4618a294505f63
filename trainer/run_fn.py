"""The Trainer component's entry."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
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
from trainer.classifier import build_classifier
from trainer.export import export_classifier
from trainer.golden_answers import write_golden_answers
from trainer.input_pipeline import DecodedImages, decoded_images
from trainer.settings import ModelSettings, ServingSettings, TrainingSettings
from trainer.training import fit
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
        eval_count: images in the eval split.
        transform_dir: of the TransformGraph artifact.
        saved_model_dir: where the SavedModel goes; the Keras model and the
            golden answers go into the folder that holds it.
        run_dir: history and scratch files.
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
    eval_count: int
    transform_dir: str
    saved_model_dir: Path
    run_dir: Path


def run_fn(fn_args: fn_args_utils.FnArgs) -> None:
    """Trains and exports what TFX's Trainer asks for."""
    train_and_export(_request(fn_args, fn_args.custom_config))


def train_and_export(request: TrainRequest) -> None:
    """Builds, trains and exports a classifier."""
    keras.utils.set_random_seed(request.seed)
    request.run_dir.mkdir(parents=True, exist_ok=True)
    transform = TransformGraph(request.transform_dir)
    train_count = sum(request.train_counts)
    splits = {
        TRAIN: (request.train_pattern, train_count),
        EVAL: (request.eval_pattern, request.eval_count),
    }
    decoded_bytes = (train_count + request.eval_count) * 3 * request.model.image_size**2
    in_memory = decoded_bytes <= request.training.cache_gib * 2**30
    with tempfile.TemporaryDirectory(dir=request.run_dir) as scratch:
        train, evaluation = (
            decoded_images(pattern, count, transform, "" if in_memory else f"{scratch}/{split}")
            for split, (pattern, count) in splits.items()
        )
        _train_and_export(request, transform, train, evaluation)


def _train_and_export(
    request: TrainRequest, transform: TransformGraph, train: DecodedImages, evaluation: DecodedImages
) -> None:
    classifier = build_classifier(request.model, len(request.labels))
    fit(
        classifier,
        train,
        evaluation,
        request.training,
        request.train_counts,
        request.seed,
        request.run_dir / "history.csv",
    )
    model_dir = request.saved_model_dir.parent
    export_classifier(classifier.model, transform, request.labels, request.serving, request.saved_model_dir)
    classifier.model.save(model_dir / KERAS_MODEL_FILE)
    files = write_golden_answers(
        classifier.model, evaluation, request.eval_pattern, model_dir / GOLDEN_ANSWERS_FILE
    )
    write_warmup_requests(request.saved_model_dir, request.name, files[:_WARMUP_IMAGES])


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
        eval_count=sum(counts[EVAL].values()),
        transform_dir=fn_args.transform_graph_path,
        saved_model_dir=Path(fn_args.serving_model_dir),
        run_dir=Path(fn_args.model_run_dir),
    )
