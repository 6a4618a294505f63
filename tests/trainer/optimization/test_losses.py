from __future__ import annotations

import math

import numpy as np
import pytest

from trainer.optimization.losses import build_loss
from trainer.optimization.settings import LossSettings

# Two images of two classes, and what the model makes of them.
LABELS = np.array([[1, 0], [0, 1]], np.float32)
ANSWERS = np.array([[0.8, 0.2], [0.6, 0.4]], np.float32)


def _loss(labels: np.ndarray = LABELS, answers: np.ndarray = ANSWERS, **settings: object) -> float:
    return float(build_loss(LossSettings.model_validate(settings))(labels, answers))


def test_cross_entropy_by_its_formula() -> None:
    assert _loss() == pytest.approx(-(math.log(0.8) + math.log(0.4)) / 2, rel=1e-6)


def test_label_smoothing_by_its_formula() -> None:
    # A smoothing of 0.2 makes labels of 0.9 and 0.1.
    first = 0.9 * math.log(0.8) + 0.1 * math.log(0.2)
    second = 0.1 * math.log(0.6) + 0.9 * math.log(0.4)
    assert _loss(label_smoothing=0.2) == pytest.approx(-(first + second) / 2, rel=1e-6)


def test_focal_loss_by_its_formula_and_without_alpha() -> None:
    expected = -(0.2**2 * math.log(0.8) + 0.6**2 * math.log(0.4)) / 2
    assert _loss(name="focal") == pytest.approx(expected, rel=1e-6)
    expected = -(0.2**3 * math.log(0.8) + 0.6**3 * math.log(0.4)) / 2
    assert _loss(name="focal", gamma=3) == pytest.approx(expected, rel=1e-6)


def test_focal_loss_smooths_labels_too() -> None:
    first = 0.9 * 0.2**2 * math.log(0.8) + 0.1 * 0.8**2 * math.log(0.2)
    second = 0.1 * 0.4**2 * math.log(0.6) + 0.9 * 0.6**2 * math.log(0.4)
    assert _loss(name="focal", label_smoothing=0.2) == pytest.approx(-(first + second) / 2, rel=1e-6)


@pytest.mark.parametrize("smoothing", [0.0, 0.2])
def test_focal_loss_with_a_gamma_of_0_is_cross_entropy(smoothing: float) -> None:
    rng = np.random.default_rng(0)
    answers = rng.dirichlet(np.ones(5), 50).astype(np.float32)
    labels = np.eye(5, dtype=np.float32)[rng.integers(0, 5, 50)]
    focal = _loss(labels, answers, name="focal", gamma=0, label_smoothing=smoothing)
    assert focal == pytest.approx(_loss(labels, answers, label_smoothing=smoothing), rel=1e-5)


@pytest.mark.parametrize("name", ["cross_entropy", "focal"])
def test_the_loss_of_a_mixed_label_is_mixed_alike(name: str) -> None:
    answer = ANSWERS[:1]
    alone = [_loss(label, answer, name=name) for label in (LABELS[:1], LABELS[1:])]
    mixed = _loss(np.array([[0.3, 0.7]], np.float32), answer, name=name)
    assert mixed == pytest.approx(0.3 * alone[0] + 0.7 * alone[1], rel=1e-6)


@pytest.mark.parametrize("name", ["cross_entropy", "focal"])
def test_sample_weights_multiply_each_images_loss(name: str) -> None:
    loss = build_loss(LossSettings(name=name))  # type: ignore[arg-type]
    alone = [float(loss(LABELS[i : i + 1], ANSWERS[i : i + 1])) for i in range(2)]
    weighted = float(loss(LABELS, ANSWERS, sample_weight=np.array([3.0, 0.5])))
    assert weighted == pytest.approx((3 * alone[0] + 0.5 * alone[1]) / 2, rel=1e-6)
