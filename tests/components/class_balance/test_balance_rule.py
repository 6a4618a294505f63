from __future__ import annotations

from components.class_balance.balance_rule import judge_balance
from components.class_balance.settings import BalanceSettings

SETTINGS = BalanceSettings(min_images_per_class=10, max_imbalance=4)


def _counts(train: dict[str, int], rest: int = 2) -> dict[str, dict[str, int]]:
    others = dict.fromkeys(train, rest)
    return {"train": train, "eval": others, "test": others}


def test_takes_what_is_within_the_limits() -> None:
    report = judge_balance(_counts({"cat": 40, "dog": 10}), SETTINGS)
    assert report.violations == ()
    assert report.imbalance == 4.0


def test_names_the_class_that_is_too_small_with_both_numbers() -> None:
    (violation,) = judge_balance(_counts({"cat": 12, "dog": 5}), SETTINGS).violations
    assert violation == "class 'dog' has 9 images; balance.min_images_per_class asks for 10"


def test_names_the_imbalance() -> None:
    (violation,) = judge_balance(_counts({"cat": 41, "dog": 10}), SETTINGS).violations
    assert violation.startswith("class 'cat' has 4.1 times the training images of class 'dog' (41 to 10)")


def test_a_class_missing_from_a_split_is_named_once() -> None:
    violations = judge_balance(_counts({"cat": 12, "dog": 12}, rest=0), SETTINGS).violations
    assert violations == (
        "none of the 12 images of class 'cat' fell into the test split; "
        "add images to it, or raise data.splits.test",
        "none of the 12 images of class 'dog' fell into the test split; "
        "add images to it, or raise data.splits.test",
    )
