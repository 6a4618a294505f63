"""How well a model tells each class from the others, from what its images were taken for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

# (class, answer) → images, both as positions in the label file. A class that is never taken for another
# has no such key.
Confusion = Mapping[tuple[int, int], int]


@dataclass(frozen=True)
class ClassScores:
    """Of one class on the test split.

    Attributes:
        images: of the class.
        recall: share of them that the model knows.
        precision: share of the class among the images that the model takes for it; None if there are none.
        f1: harmonic mean of both; 0 where either is 0.
    """

    images: int
    recall: float
    precision: float | None
    f1: float


@dataclass(frozen=True)
class Mistake:
    """So many images of a class were taken for another one."""

    label: str
    answer: str
    images: int


def class_scores(confusion: Confusion, labels: Sequence[str]) -> dict[str, ClassScores]:
    """Recall, precision and F1 of each class that has images, in the labels' order.

    Args:
        confusion: of the model; answers may be classes without images.
        labels: names in id order.
    """
    from sklearn.metrics import precision_recall_fscore_support

    actual, answers = zip(*confusion, strict=True)
    precision, recall, f1, images = precision_recall_fscore_support(
        actual,
        answers,
        labels=range(len(labels)),
        sample_weight=list(confusion.values()),
        zero_division=0,
    )
    answered = set(answers)
    return {
        label: ClassScores(
            round(images[position]),
            float(recall[position]),
            float(precision[position]) if position in answered else None,
            float(f1[position]),
        )
        for position, label in enumerate(labels)
        if images[position]
    }


def macro_f1(scores: Mapping[str, ClassScores]) -> float:
    """The mean of the classes' F1, in which small classes count as much as large ones."""
    return sum(each.f1 for each in scores.values()) / len(scores)


def mistakes(confusion: Confusion, labels: Sequence[str]) -> tuple[Mistake, ...]:
    """Which classes were taken for which others, the most images first.

    Args:
        confusion: of the model.
        labels: names in id order.
    """
    wrong = [(key, images) for key, images in confusion.items() if key[0] != key[1]]
    wrong.sort(key=lambda each: (-each[1], each[0]))
    return tuple(Mistake(labels[actual], labels[answer], images) for (actual, answer), images in wrong)


def confidence_interval(share: float, images: int) -> tuple[float, float]:
    """Wilson's score interval (Wilson 1927), in which the share among all such images lies at 95 %.

    Args:
        share: of images that were answered right.
        images: that were looked at; at least 1.
    """
    from scipy.stats import binomtest

    interval = binomtest(round(share * images), images).proportion_ci(0.95, method="wilson")
    return float(interval.low), float(interval.high)
