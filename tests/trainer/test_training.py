from __future__ import annotations

import csv
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

from trainer import training
from trainer.classifier import Classifier, build_classifier
from trainer.input_pipeline import DecodedImages, evaluation_batches, training_batches
from trainer.settings import AugmentationSettings, ModelSettings, TrainingSettings
from trainer.training import fit

SIZE, CLASSES = 16, 2


def _split(count: int, seed: int) -> DecodedImages:
    """Dark images of class 0, bright ones of class 1."""
    labels = np.arange(count) % CLASSES
    noise = np.random.default_rng(seed).integers(0, 60, (count, SIZE, SIZE, 3))
    pixels = (noise + 150 * labels[:, None, None, None]).astype(np.uint8)
    return DecodedImages(tf.data.Dataset.from_tensor_slices((pixels, labels)), count)


TRAIN, EVALUATION = _split(64, 0), _split(16, 1)
TRAIN_COUNTS = (32, 32)


def _fit(tmp_path: Path, seed: int = 0, **settings: object) -> Classifier:
    keras.utils.set_random_seed(seed)
    model = ModelSettings(backbone="small_cnn", weights="none", image_size=SIZE)
    classifier = build_classifier(model, CLASSES)
    training = TrainingSettings.model_validate({"batch_size": 16, **settings})
    fit(classifier, TRAIN, EVALUATION, training, TRAIN_COUNTS, seed, tmp_path / "history.csv")
    return classifier


def _answers(classifier: Classifier) -> np.ndarray:
    batches = evaluation_batches(EVALUATION, CLASSES, 16)
    return np.concatenate([classifier.model(pixels, training=False).numpy() for pixels, _ in batches])


ALL = {"phases": [{"train": "all", "epochs": 5, "learning_rate": 0.003}]}
HEAD = {"phases": [{"train": "head", "epochs": 3, "learning_rate": 0.01}]}


def test_it_learns_and_writes_a_row_an_epoch(tmp_path: Path) -> None:
    classifier = _fit(tmp_path, **ALL)
    assert (_answers(classifier).argmax(1) == np.arange(16) % CLASSES).all()
    rows = list(csv.DictReader((tmp_path / "history.csv").open()))
    assert len(rows) == 5
    assert float(rows[-1]["loss"]) < float(rows[0]["loss"])


def test_the_same_seed_gives_the_same_model_and_another_does_not(tmp_path: Path) -> None:
    first = _answers(_fit(tmp_path, seed=1, **ALL))
    np.testing.assert_allclose(_answers(_fit(tmp_path, seed=1, **ALL)), first, atol=1e-3)
    assert np.abs(_answers(_fit(tmp_path, seed=2, **ALL)) - first).max() > 1e-3


def test_a_head_phase_leaves_the_backbone_alone_and_runs_it_once_an_image(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[int] = []
    call = keras.layers.Rescaling.call

    def counted(layer: keras.layers.Layer, pixels: tf.Tensor) -> tf.Tensor:
        if tf.is_tensor(pixels):
            tf.py_function(lambda batch: seen.append(int(batch.shape[0])), [pixels], [])
        return call(layer, pixels)

    monkeypatch.setattr(keras.layers.Rescaling, "call", counted)
    keras.utils.set_random_seed(0)
    untouched = build_classifier(
        ModelSettings(backbone="small_cnn", weights="none", image_size=SIZE), CLASSES
    )
    seen.clear()
    classifier = _fit(tmp_path, seed=0, **HEAD)
    assert sum(seen) == TRAIN.count + EVALUATION.count
    for ours, theirs in zip(classifier.backbone.weights, untouched.backbone.weights, strict=True):
        np.testing.assert_array_equal(ours, theirs)
    assert not np.array_equal(classifier.head.weights[0], untouched.head.weights[0])


def test_no_epochs_no_training(tmp_path: Path) -> None:
    keras.utils.set_random_seed(3)
    untouched = build_classifier(
        ModelSettings(backbone="small_cnn", weights="none", image_size=SIZE), CLASSES
    )
    classifier = _fit(tmp_path, seed=3, epochs=0, **ALL)
    for ours, theirs in zip(classifier.model.weights, untouched.model.weights, strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_it_stops_early_and_goes_back_to_the_best_weights(tmp_path: Path) -> None:
    # A step this large ruins the model after the first epochs.
    phases = [{"train": "all", "epochs": 30, "learning_rate": 3.0}]
    classifier = _fit(tmp_path, phases=phases, patience=2)
    rows = list(csv.DictReader((tmp_path / "history.csv").open()))
    losses = [float(row["val_loss"]) for row in rows]
    best = int(np.argmin(losses))
    assert len(rows) == best + 3
    loss, _ = classifier.model.evaluate(evaluation_batches(EVALUATION, CLASSES, 16), verbose=0)
    assert loss == pytest.approx(losses[best], rel=0.01)
    assert losses[-1] > losses[best]


def test_a_phase_that_does_harm_is_undone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    once = _answers(_fit(tmp_path, seed=4, **ALL))
    real = training.training_batches

    def wrong_labels_in_the_second_phase(*words: object) -> tf.data.Dataset:
        batches = real(*words)  # type: ignore[arg-type]
        return batches if words[-1] == 4 else batches.map(lambda pixels, labels: (pixels, labels[:, ::-1]))

    monkeypatch.setattr(training, "training_batches", wrong_labels_in_the_second_phase)
    (phase,) = ALL["phases"]
    np.testing.assert_allclose(_answers(_fit(tmp_path, seed=4, phases=[phase, phase])), once, atol=1e-3)


def test_training_batches_are_shuffled_anew_each_epoch_and_complete() -> None:
    batches = training_batches(TRAIN, CLASSES, 10, AugmentationSettings(), seed=0)
    epochs = [np.concatenate([pixels.numpy() for pixels, _ in batches]) for _ in range(2)]
    for epoch in epochs:
        assert sorted(image.sum() for image in epoch) == sorted(
            float(image.sum()) for image, _ in TRAIN.images.as_numpy_iterator()
        )
    assert not np.array_equal(epochs[0], epochs[1])


def test_augmentation_differs_between_epochs_and_repeats_with_the_seed() -> None:
    settings = AugmentationSettings(rotation=30)

    def two_epochs() -> list[np.ndarray]:
        batches = training_batches(TRAIN, CLASSES, 64, settings, seed=5)
        return [np.sort(next(iter(batches))[0].numpy().sum((1, 2, 3))) for _ in range(2)]

    first, second = two_epochs()
    assert not np.allclose(first, second)
    np.testing.assert_allclose(two_epochs()[0], first)


def test_fit_augments_smooths_and_decays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    compiled: list[dict] = []
    monkeypatch.setattr(
        keras.Model, "compile", lambda model, **words: compiled.append(words) or compile_(model, **words)
    )
    augmented: list[AugmentationSettings] = []
    monkeypatch.setattr(
        "trainer.input_pipeline.augment_images",
        lambda images, settings, seed: augmented.append(settings) or images,
    )
    _fit(tmp_path, augmentation={"rotation": 5}, label_smoothing=0.25, **ALL)
    assert augmented == [AugmentationSettings(rotation=5)]
    assert compiled[0]["loss"].label_smoothing == 0.25
    schedule = compiled[0]["optimizer"]._learning_rate
    steps = 5 * 4  # epochs x batches
    assert [float(schedule(step)) for step in (0, steps // 2, steps)] == pytest.approx(
        [0.003, 0.0015, 0], abs=1e-7
    )


compile_ = keras.Model.compile


def test_features_are_computed_anew_after_the_backbone_has_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    computed: list[int] = []
    features = training._features

    def counted(classifier: Classifier, batches: tf.data.Dataset) -> tf.data.Dataset:
        computed.append(1)
        return features(classifier, batches)

    monkeypatch.setattr(training, "_features", counted)
    head, everything = {"train": "head", "epochs": 1}, {"train": "all", "epochs": 1}
    _fit(tmp_path, phases=[head, head])
    assert len(computed) == 2  # train and eval, once for both phases
    computed.clear()
    _fit(tmp_path, phases=[head, everything, head])
    assert len(computed) == 4
