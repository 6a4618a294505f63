from __future__ import annotations

import io
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf
from PIL import Image
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from tests.trainer.made_up_splits import MadeUpSplit
from trainer.images.pixel_store import PixelStore
from trainer.model.classifier import build_classifier
from trainer.model.settings import ModelSettings
from trainer.picture_sheet import SMALLEST_PICTURE
from trainer.settings import TestTimeAugmentation, TrainingSettings
from trainer.training_run.confusion_picture import confusion_counts, confusion_picture
from trainer.training_run.evaluation_pictures import write_evaluation_pictures
from trainer.training_run.fit import RunFiles, Splits, fit
from trainer.training_run.mistakes_sheet import MOST, mistakes_sheet, surest_mistakes

SIZE = 16


def _split(count: int) -> MadeUpSplit:
    random = np.random.default_rng(count)
    return MadeUpSplit(random.integers(0, 256, (count, SIZE, SIZE, 3)).astype(np.uint8), np.arange(count) % 2)


def _logs(folder: Path) -> EventAccumulator:
    return EventAccumulator(str(folder)).Reload()


def test_the_logs_hold_curves_of_all_phases_and_both_pictures(tmp_path: Path) -> None:
    settings = ModelSettings(backbone="lenet", weights="none", image_size=SIZE)
    training = TrainingSettings.model_validate(
        {
            "phases": [
                {"train": "head", "epochs": 2, "learning_rate": 0.5},
                {"train": "all", "epochs": 1, "learning_rate": 0.25},
            ],
            "schedule": {"name": "constant"},
        }
    )
    evaluation, logs = _split(6), tmp_path / "tensorboard"
    files = RunFiles(tmp_path / "history.csv", tmp_path / "resume", tmp_path / "features", logs)
    keras.utils.set_random_seed(0)
    classifier, _ = fit(
        lambda size: build_classifier(settings, 2, size),
        Splits(_split(12), evaluation, (6, 6)),
        training,
        0,
        "none",
        files,
    )
    write_evaluation_pictures(
        classifier.model, evaluation.pixels(SIZE), ("a", "b"), 4, "none", tmp_path, logs
    )
    learnt, looked_at = _logs(logs / "train"), _logs(logs / "validation")
    rates = [(each.step, _number(each)) for each in learnt.Tensors("epoch_learning_rate")]
    assert rates == [(1, 0.5), (2, 0.5), (3, 0.25)]
    rows = (tmp_path / "history.csv").read_text().splitlines()
    losses = [float(row.split(",")[rows[0].split(",").index("val_loss")]) for row in rows[1:]]
    assert [_number(each) for each in looked_at.Tensors("epoch_loss")] == pytest.approx(losses)
    assert set(looked_at.Tags()["tensors"]) == {
        "epoch_loss",
        "epoch_accuracy",
        "confusion_matrix",
        "misclassified",
    }
    for name in ("confusion_matrix", "misclassified"):
        width, height, _ = looked_at.Tensors(name)[0].tensor_proto.string_val
        assert Image.open(tmp_path / f"{name}.png").size == (int(width), int(height))


@pytest.mark.parametrize(("augmentation", "right"), [("none", 3), ("flip", 0)])
def test_the_pictures_are_of_the_answers_that_are_served(
    tmp_path: Path, augmentation: TestTimeAugmentation, right: int
) -> None:
    # A bright left half speaks for class 0, a bright right half twice as loudly for class 1.
    inputs = keras.Input((SIZE, SIZE, 3))
    halves = keras.layers.Flatten()(keras.layers.AveragePooling2D((SIZE, SIZE // 2))(inputs))
    model = keras.Model(inputs, keras.layers.Dense(2, "softmax", use_bias=False)(halves))
    model.set_weights([np.repeat([[0.01, 0.0], [0.0, 0.02]], 3, axis=0)])
    pixels = np.zeros((3, SIZE, SIZE, 3), np.uint8)
    pixels[:, :, : SIZE // 2] = 255
    store = PixelStore(pixels, np.zeros(3, np.int64))
    write_evaluation_pictures(model, store, ("a", "b"), 2, augmentation, tmp_path, tmp_path / "logs")
    matrix = np.asarray(confusion_picture(np.array([[right, 3 - right], [0, 0]]), ("a", "b")))
    np.testing.assert_array_equal(np.asarray(Image.open(tmp_path / "confusion_matrix.png")), matrix)
    has_pictures = Image.open(tmp_path / "misclassified.png").height > SMALLEST_PICTURE
    assert has_pictures == (right == 0)


def _number(event: object) -> float:
    return float(tf.make_ndarray(event.tensor_proto))  # type: ignore[attr-defined]


def test_a_row_of_the_matrix_is_a_true_class() -> None:
    counts = confusion_counts(np.array([0, 0, 1, 2]), np.array([0, 2, 1, 1]), 3)
    assert counts.tolist() == [[1, 0, 1], [0, 1, 0], [0, 1, 0]]


def test_a_cell_is_as_dark_as_its_share_of_its_row() -> None:
    picture = np.asarray(confusion_picture(np.array([[90, 10], [0, 3]]), ("$a", "b")))
    darkest = np.argwhere(np.all(picture == (8, 48, 107), -1))
    # All of the lower right cell, and of no other, though it has the smaller count.
    assert len(darkest) > 1000
    assert (darkest.min(0) > np.array(picture.shape[:2]) * 0.4).all()


@pytest.mark.parametrize("classes", [2, 50, 61, 3000])
def test_the_matrix_can_be_drawn_for_few_and_many_classes(classes: int) -> None:
    picture = confusion_picture(np.eye(classes, dtype=np.int64), [f"class {n}" * 9 for n in range(classes)])
    assert 400 < picture.width < 3200
    # The diagonal is there, however thin.
    assert len(np.unique(np.asarray(picture)[..., 0])) > 2


def test_a_page_can_carry_the_matrix_of_a_thousand_classes() -> None:
    """Answers at random are what is hardest to compress; the page leaves out what is larger than 3 MiB."""
    labels, answers = np.random.default_rng(0).integers(0, 1000, (2, 50_000))
    picture = confusion_picture(confusion_counts(labels, answers, 1000), ["class"] * 1000)
    picture.save(file := io.BytesIO(), "PNG")
    assert len(file.getvalue()) < 2**20
    # No class is left out: it has a pixel.
    assert picture.width > 1000


def test_the_surest_mistakes_come_first() -> None:
    probabilities = np.array([[0.9, 0.1], [0.6, 0.4], [0.2, 0.8], [0.3, 0.7]])
    assert surest_mistakes(np.array([1, 1, 1, 0]), probabilities).tolist() == [0, 3, 1]
    many = np.tile([[0.9, 0.1]], (MOST + 5, 1))
    assert len(surest_mistakes(np.ones(len(many), np.int64), many)) == MOST


def test_the_sheet_shows_the_wrong_images_alone() -> None:
    pixels = np.stack([np.full((SIZE, SIZE, 3), shade, np.uint8) for shade in (10, 200)])
    store = PixelStore(pixels, np.array([0, 0]))
    sheet = np.asarray(mistakes_sheet(store, np.array([[0.9, 0.1], [0.1, 0.9]]), ("a", "b")))
    assert np.all(sheet == 200, -1).sum() >= 176**2
    assert not np.all(sheet == 10, -1).any()


def test_a_sheet_without_mistakes_says_so() -> None:
    store = PixelStore(np.zeros((1, SIZE, SIZE, 3), np.uint8), np.array([0]))
    sheet = np.asarray(mistakes_sheet(store, np.array([[0.9, 0.1]]), ("a", "b")))
    assert (sheet < 128).any()
