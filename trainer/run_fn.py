"""The Trainer component's entry."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import keras
from tfx.components.trainer import fn_args_utils

from components.contract import GOLDEN_ANSWERS_FILE, HISTORY_FILE, KERAS_MODEL_FILE
from components.progress import report_progress
from serving.warmup import write_warmup_requests
from trainer.calibration import calibrate
from trainer.export import export_classifier
from trainer.golden_answers import write_golden_answers
from trainer.images.split_records import SplitRecords
from trainer.last_training import last_training
from trainer.model.classifier import Classifier
from trainer.model.saved_classifier import add_labels
from trainer.train import opened_splits, train
from trainer.train_request import TrainRequest, train_request, training_key, with_tuned_values
from trainer.training_run.callbacks import DivergedError
from trainer.training_run.evaluation_pictures import write_evaluation_pictures
from trainer.training_run.fit import Splits
from trainer.transform_graph import TransformGraph
from trainer.tunable_settings import decode_values

_WARMUP_IMAGES = 4


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
        try:
            classifier, figures = train(
                request,
                splits,
                request.run_dir / HISTORY_FILE,
                logs,
                last_training(request.cache_dir, request.name),
            )
        except DivergedError as error:
            if error.best is None:
                raise
            # TFX removes what a stage that failed has written to its own folders.
            kept = request.cache_dir / "diverged" / training_key(request, splits) / KERAS_MODEL_FILE
            _save(error.best.model, request.labels, kept)
            raise DivergedError(
                f"{error} The model of the best epoch is kept in {kept}, where "
                "model.start_from can take it up."
            ) from error
        evaluation = splits.evaluation.records
        # Without figures it is the network as it was built.
        if figures is not None and request.serving.calibration == "temperature":
            _calibrate(request, classifier, splits)
        if logs is not None:
            write_evaluation_pictures(
                classifier.model,
                splits.evaluation.pixels(request.model.input_size),
                request.labels,
                request.training.batch_size,
                request.serving.test_time_augmentation,
                request.run_dir,
                logs,
            )
    _export(request, classifier.model, transform, evaluation)


def _calibrate(request: TrainRequest, classifier: Classifier, splits: Splits) -> None:
    pixels = splits.evaluation.pixels(request.model.input_size)
    temperature = calibrate(
        classifier,
        pixels,
        request.training.batch_size,
        request.serving.test_time_augmentation,
    )
    surer = "less sure" if temperature > 1 else "surer"
    report_progress(f"temperature {temperature:.2f}: answers are {surer} than the network was")


def _export(
    request: TrainRequest, model: keras.Model, transform: TransformGraph, evaluation: SplitRecords
) -> None:
    model_dir = request.saved_model_dir.parent
    export_classifier(model, transform, request.labels, request.serving, request.saved_model_dir)
    _save(model, request.labels, model_dir / KERAS_MODEL_FILE)
    files = write_golden_answers(
        model,
        transform,
        evaluation.files,
        model_dir / GOLDEN_ANSWERS_FILE,
        request.serving.test_time_augmentation,
    )
    write_warmup_requests(request.saved_model_dir, request.name, files[:_WARMUP_IMAGES])


def _save(model: keras.Model, labels: Sequence[str], path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    model.save(path)
    add_labels(path, labels)
