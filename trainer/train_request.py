"""What a training run is asked to do, and by what others recognize it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from tfx.components.trainer import fn_args_utils

from components.contract import LABELS_FILE, TRAIN
from components.image_folder.splits.split_counts import read_split_counts
from components.label_map import read_labels
from trainer.model.settings import ModelSettings
from trainer.optimization.precision import mixed_precision_policy
from trainer.settings import ServingSettings, TrainingSettings
from trainer.training_run.devices import training_strategy
from trainer.training_run.fit import Splits
from trainer.tunable_settings import TunableSettings, with_values

# Where things are kept, and what is written beside the model: whoever frees memory for a training that was
# interrupted goes on with it.
_WITHOUT_INFLUENCE: Final = {"cache_gib": 0.0, "feature_cache_gib": 0.0, "tensorboard": False}


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


def with_tuned_values(request: TrainRequest, values: Mapping[str, Any]) -> TrainRequest:
    """The same request with other values at dotted keys of `model` and `training`.

    Raises:
        ConfigError: the settings refuse a value, or the combination.
    """
    settings = with_values(TunableSettings(model=request.model, training=request.training), values)
    return replace(request, model=settings.model, training=settings.training)


def training_key(request: TrainRequest, splits: Splits) -> str:
    """Names all that training depends on, as a hexadecimal SHA-256: the same key, the same outcome."""
    training = request.training.model_copy(update=_WITHOUT_INFLUENCE)
    settings = (request.model, training, request.seed, request.labels, request.code)
    records = (splits.train.records, splits.evaluation.records)
    images = [(each.keys, each.labels.tolist()) for each in records]
    # Where there are others, the state of an interrupted training does not fit.
    hardware = (
        mixed_precision_policy(request.training.mixed_precision),
        training_strategy().num_replicas_in_sync,
    )
    return hashlib.sha256(repr((settings, request.preprocessing, images, hardware)).encode()).hexdigest()
