from __future__ import annotations

import pytest

from pipeline.results.class_scores import (
    ClassScores,
    Mistake,
    class_scores,
    confidence_interval,
    macro_f1,
    mistakes,
)

_LABELS = ("cat", "dog", "eel", "fox")
# Of 10 cats 8 are known; of 5 dogs 2, the others are cats to the model; the one eel is a fox to it.
_CONFUSION = {(0, 0): 8, (0, 1): 2, (1, 0): 3, (1, 1): 2, (2, 3): 1}


def test_scores_are_those_computed_by_hand() -> None:
    scores = class_scores(_CONFUSION, _LABELS)
    # There is no image of a fox: what was taken for one counts against the eel alone.
    assert list(scores) == ["cat", "dog", "eel"]
    assert scores["cat"] == ClassScores(10, 8 / 10, 8 / 11, pytest.approx(2 * 8 / (10 + 11)))
    assert scores["dog"] == ClassScores(5, 2 / 5, 2 / 4, pytest.approx(2 * 2 / (5 + 4)))
    assert scores["eel"] == ClassScores(1, 0, None, 0)
    assert macro_f1(scores) == pytest.approx((16 / 21 + 4 / 9 + 0) / 3)


def test_an_answer_that_is_always_wrong_has_a_precision() -> None:
    scores = class_scores({(0, 1): 1, (1, 0): 1}, ("cat", "dog"))
    assert scores == {label: ClassScores(1, 0, 0, 0) for label in ("cat", "dog")}


def test_classes_that_are_nowhere_on_the_test_split_shift_no_scores() -> None:
    scores = class_scores({(0, 0): 3, (2, 0): 1, (2, 2): 3}, ("cat", "dog", "eel"))
    assert {label: (each.images, each.recall) for label, each in scores.items()} == {
        "cat": (3, 1),
        "eel": (4, 0.75),
    }


def test_mistakes_are_told_the_most_frequent_first() -> None:
    assert mistakes(_CONFUSION, _LABELS) == (
        Mistake("dog", "cat", 3),
        Mistake("cat", "dog", 2),
        Mistake("eel", "fox", 1),
    )
    assert mistakes({(1, 0): 2, (0, 1): 2}, _LABELS) == (Mistake("cat", "dog", 2), Mistake("dog", "cat", 2))
    assert mistakes({(0, 0): 3}, _LABELS) == ()


def test_the_confidence_interval_is_wilson_s() -> None:
    """(p + z²/2n ± z √(p (1 - p) / n + z²/4n²)) / (1 + z²/n) with z = 1.959964, by hand."""
    assert confidence_interval(0.8, 10) == pytest.approx((0.490162, 0.943318), abs=1e-6)
    # TFMA's accuracy is a float32.
    assert confidence_interval(0.98342543840, 181) == pytest.approx((0.952410, 0.994347), abs=1e-6)
    assert confidence_interval(1, 1) == pytest.approx((0.206549, 1), abs=1e-6)
