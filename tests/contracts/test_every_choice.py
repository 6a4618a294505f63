"""Whatever can be chosen builds, learns, and answers alike when it is saved, loaded again, and exported."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final, get_args

import keras
import numpy as np
import pytest
import tensorflow as tf

from components.class_balance.class_weights import SCHEMES
from serving import contract
from serving.session_model import SessionModel
from tests.own_process import run_apart
from tests.trainer.made_up_splits import MadeUpSplit
from trainer.augmentation.presets import PRESETS
from trainer.augmentation.settings import OPS
from trainer.export import export_classifier
from trainer.image_ops import load_images
from trainer.model.catalog import BACKBONES
from trainer.model.classifier import Classifier, build_classifier
from trainer.model.settings import Attention, ModelSettings, Normalization, Pooling
from trainer.model.trainable import Trainable
from trainer.optimization.settings import LossSettings, OptimizerName, ScheduleName
from trainer.settings import ServingSettings, TrainingSettings
from trainer.training_run.fit import RunFiles, Splits, fit

pytestmark = pytest.mark.long

LABELS: Final = ("ape", "cat", "emu")
SMALL: Final = {"backbone": "lenet", "weights": "none", "image_size": 16}
# Heads are made for networks that end in a feature map. Of those this has the fewest layers, each of which is
# traced again and again.
WITH_MAPS: Final = {"backbone": "vgg16", "weights": "none", "image_size": 32}
ONE_STEP: Final = {"train": "all", "epochs": 1, "learning_rate": 1e-4}
# With Adam, a third of a deep network's test goes into tracing what is done to each of its weights. Accuracy
# tells which epoch was best: there may be no loss, see below.
PLAIN: Final = {"optimizer": {"name": "sgd"}, "monitor": "accuracy"}
QUICK: Final = ("mobilenet", "lenet", "small_cnn", "cifar_cnn")
# What has to be given with a choice.
BESIDES: Final[dict[str, dict[str, Any]]] = {"step": {"at_epochs": [1]}}
PHASES: Final[dict[str, list[dict[str, Any]]]] = {
    "head": [{"train": "head"}],
    "last layers": [{"train": "last 2 layers"}],
    "from layer": [{"train": "from layer block2_conv"}],
    "from block": [{"train": "from block block2"}],
    "all": [{"train": "all"}],
    "head, then last block": [{"train": "head"}, {"train": "from block block2"}],
    "rates by layer": [
        {"train": "all", "layer_rates": [{"layers": "head", "factor": 2}, {"layers": "all", "factor": 0.1}]}
    ],
    "an optimizer each": [
        {"train": "head", "optimizer": {"name": "adamw"}},
        {"train": "all", "optimizer": {"name": "sgd"}, "schedule": {"name": "constant"}},
    ],
}


class _Decoding(tf.Module):
    """What the transform graph does, of any size."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self._size = size

    def __call__(self, encoded: tf.Tensor) -> tf.Tensor:
        return load_images(encoded, self._size)


def _split(size: int, seed: int) -> MadeUpSplit:
    """Colours far apart, with noise: networks that have learnt nothing tell little else apart."""
    random = np.random.default_rng(seed)
    colours = random.permutation([(20, 20, 200), (230, 30, 30), (0, 0, 0), (235, 235, 235)])[:, None, None]
    pixels = colours + random.integers(0, 20, (len(colours), size, size, 3))
    return MadeUpSplit(pixels.astype(np.uint8), np.arange(len(pixels)) % len(LABELS))


def _settle(model: keras.Model, pixels: np.ndarray) -> None:
    """Gives batch normalisation the statistics of a batch, without which deep networks answer all alike.

    The batch has many other images besides, because few of them give channels without variance, by which
    rounding is then divided: after four, a millionth more brightness turned ResNet-101's answers around.
    """
    coarse = np.random.default_rng(2).uniform(0, 255, (32, 4, 4, 3))
    batch = np.concatenate([pixels, tf.image.resize(coarse, pixels.shape[1:3])])
    layers = [
        layer
        for layer in model._flatten_layers(include_self=False)
        if isinstance(layer, keras.layers.BatchNormalization)
    ]
    momenta = [layer.momentum for layer in layers]
    for layer in layers:
        layer.momentum = 0.0
    model(batch, training=True)
    for layer, momentum in zip(layers, momenta, strict=True):
        layer.momentum = momentum


def _check(folder: Path, model: dict[str, Any], training: dict[str, Any]) -> None:
    """Trains an epoch of one step a phase, saves, loads and exports."""
    settings = ModelSettings.model_validate(model)
    size = settings.input_size
    train, evaluation = (_split(size, seed) for seed in (0, 1))
    before: list[np.ndarray] = []

    def build(pixels: int) -> Classifier:
        built = build_classifier(settings, len(LABELS), pixels)
        before[:] = before or built.model.get_weights()
        return built

    keras.utils.set_random_seed(0)
    classifier, _ = fit(
        build,
        # Not the split's own: class weights are to differ.
        Splits(train, evaluation, (2, 1, 1)),
        TrainingSettings.model_validate({"batch_size": 4, "phases": [ONE_STEP], **training}),
        0,
        "none",
        RunFiles(folder / "history.csv", folder / "resume", folder / "features"),
    )
    with (folder / "history.csv").open(newline="") as history:
        epochs = list(csv.DictReader(history))
    assert len(epochs) == len(training.get("phases", [ONE_STEP]))
    # The loss on the eval split may be none: the deepest networks overflow until their batch normalisation
    # has seen images.
    assert all(np.isfinite(float(epoch["loss"])) for epoch in epochs)
    trained = classifier.model
    assert any(np.any(old != new) for old, new in zip(before, trained.get_weights(), strict=True))

    classifier.set_trainable(Trainable("all"))
    _settle(trained, evaluation.array.astype(np.float32))
    files = [tf.io.encode_png(image).numpy() for image in evaluation.array]
    decoding = _Decoding(size)
    answers = trained(decoding(tf.constant(files)), training=False).numpy()
    np.testing.assert_allclose(answers.sum(1), 1, rtol=1e-4)
    spread = np.ptp(answers, axis=0).max()
    assert spread > 1e-6, "the answer does not depend on the image"
    # A hundred layers that have learnt nothing make that much of how sums are rounded.
    alike = {"rtol": 1e-3, "atol": max(1e-5, 0.01 * spread)}
    trained.save(folder / "model.keras")
    again = keras.saving.load_model(folder / "model.keras", compile=False, safe_mode=True)
    np.testing.assert_allclose(again(evaluation.array.astype(np.float32)), answers, **alike)
    export_classifier(again, decoding, LABELS, ServingSettings(), folder / "1")  # type: ignore[arg-type]
    with SessionModel.load(folder / "1") as served:
        exported = served.run(contract.SERVING_DEFAULT, {contract.IMAGE_BYTES: np.array(files, object)})
    np.testing.assert_allclose(exported[contract.PROBABILITIES], answers, **alike)


@pytest.fixture(autouse=True)
def _fresh_session() -> Iterator[None]:
    yield
    keras.backend.clear_session()


@pytest.mark.parametrize(
    "name", [name if name in QUICK else pytest.param(name, marks=pytest.mark.zoo) for name in BACKBONES]
)
def test_every_backbone(name: str, tmp_path: Path) -> None:
    spec = BACKBONES[name]
    model: dict[str, Any] = {"backbone": name, "weights": "none", "image_size": spec.smallest}
    model |= {"alpha": 0.25} if spec.has_alpha else {}
    if name in QUICK:
        _check(tmp_path, model, PLAIN)
    else:  # In one process, each of them would leave half a gigabyte behind.
        log = tmp_path / "log.txt"
        assert run_apart(log, _check, tmp_path, model, PLAIN) == 0, log.read_text()[-3000:]


@pytest.mark.parametrize(
    ("pooling", "attention"),
    [
        # Each by itself is quick enough to be tried always.
        pytest.param(
            pooling, attention, marks=() if pooling == "avg" or attention == "none" else pytest.mark.zoo
        )
        for pooling in get_args(Pooling)
        for attention in get_args(Attention)
    ],
)
def test_every_head(pooling: str, attention: str, tmp_path: Path) -> None:
    head = {"pooling": pooling, "attention": attention}
    _check(tmp_path, {**WITH_MAPS, "head": head}, {"phases": [{**ONE_STEP, "train": "head"}]})


def test_fused_backbones(tmp_path: Path) -> None:
    both = {**SMALL, "fused_with": [WITH_MAPS]}
    _check(tmp_path, both, {"phases": [{**ONE_STEP, "train": "head"}]})


def _together(*kinds: Sequence[str]) -> list[tuple[str, ...]]:
    """Every choice of each kind at least once, in as few checks as the kind with most has choices.

    Together are choices of which none can hide that another does nothing: none moves weights by itself.
    """
    return [tuple(kind[number % len(kind)] for kind in kinds) for number in range(max(map(len, kinds)))]


@pytest.mark.parametrize(
    ("optimizer", "schedule", "ops"),
    # Each op is by itself in tests/trainer/augmentation/test_contract.py.
    _together(
        get_args(OptimizerName), get_args(ScheduleName), [" ".join([*OPS][first::5]) for first in range(5)]
    ),
)
def test_every_optimizer_schedule_and_augmentation_op(
    optimizer: str, schedule: str, ops: str, tmp_path: Path
) -> None:
    training = {
        "optimizer": {"name": optimizer, "clip_norm": 1.0, "weight_decay": 0.01, "ema": 0.5},
        "schedule": {"name": schedule, **BESIDES.get(schedule, {})},
        "augmentation": {"ops": [{"op": op} for op in ops.split()]},
    }
    _check(tmp_path, SMALL, training)


@pytest.mark.parametrize(
    ("plan", "loss", "weights"),
    _together([*PHASES], get_args(LossSettings.model_fields["name"].annotation), SCHEMES),
)
def test_every_phase_plan_loss_and_class_weighting(
    plan: str, loss: str, weights: str, tmp_path: Path
) -> None:
    training = {
        "phases": [{"epochs": 1, "learning_rate": 1e-4, **phase} for phase in PHASES[plan]],
        "loss": {"name": loss, "label_smoothing": 0.1},
        "class_weights": weights,
    }
    _check(tmp_path, SMALL, training)


@pytest.mark.parametrize(("normalization", "preset"), _together(get_args(Normalization), [*PRESETS]))
def test_every_normalization_and_augmentation_preset(normalization: str, preset: str, tmp_path: Path) -> None:
    head = {"normalization": normalization, "hidden": [8, 6], "l2": 0.01, "dropout": 0.3}
    _check(tmp_path, {**SMALL, "head": head}, {"augmentation": {"preset": preset}})


@pytest.mark.zoo
def test_images_that_grow_from_phase_to_phase(tmp_path: Path) -> None:
    sizes = ({"image_size": size} for size in (32, 40))
    _check(tmp_path, {**WITH_MAPS, "image_size": 40}, {"phases": [{**ONE_STEP, **size} for size in sizes]})
