from __future__ import annotations

from components.class_balance.balance_rule import balance_violations, imbalance_of
from components.class_balance.settings import BalanceSettings

SETTINGS = BalanceSettings(min_images_per_class=10, max_imbalance=4)


def _violations(train: dict[str, int], rest: int = 2) -> list[str]:
    others = dict.fromkeys(train, rest)
    return balance_violations({"train": train, "eval": others, "test": others}, SETTINGS)


def test_takes_what_is_within_the_limits() -> None:
    assert _violations({"cat": 40, "dog": 10}) == []


def test_imbalance() -> None:
    assert imbalance_of({"cat": 40, "fox": 20, "dog": 10}) == 4.0
    assert imbalance_of({"cat": 40, "dog": 0}) is None


def test_names_the_class_that_is_too_small_with_both_numbers() -> None:
    assert _violations({"cat": 12, "dog": 5}) == [
        "class 'dog' has 9 images, and balance.min_images_per_class asks for 10"
    ]


def test_names_the_imbalance() -> None:
    assert _violations({"cat": 41, "dog": 10}) == [
        "class 'cat' has 4.1 times the training images of class 'dog' (41 to 10), "
        "and balance.max_imbalance allows 4"
    ]


def test_a_class_missing_from_a_split_is_named_once() -> None:
    assert _violations({"cat": 12, "dog": 12}, rest=0) == [
        "class 'cat' has no image in the test split, and 12 in all: "
        "add some to it, or raise data.splits.test, which counts where the split is not given",
        "class 'dog' has no image in the test split, and 12 in all: "
        "add some to it, or raise data.splits.test, which counts where the split is not given",
    ]
    assert _violations({"cat": 0, "dog": 12}, rest=5) == [
        "class 'cat' has no image in the train split, and 10 in all: "
        "add some to it, or raise data.splits.train, which counts where the split is not given",
    ]
    assert _violations({"cat": 5, "dog": 12}, rest=0)[0] == (
        "class 'cat' has 5 images, and balance.min_images_per_class asks for 10"
    )
    assert len(_violations({"cat": 5, "dog": 12}, rest=0)) == 2


def test_of_many_the_smallest_are_named_and_all_are_counted() -> None:
    violations = _violations({f"c{number:02}": 5 - number % 5 for number in range(15)})
    assert violations == [
        *(
            f"class '{label}' has 5 images, and balance.min_images_per_class asks for 10"
            for label in ("c04", "c09", "c14")
        ),
        "and so on: 15 classes are too small",
        "class 'c00' has 5.0 times the training images of class 'c04' (5 to 1), "
        "and balance.max_imbalance allows 4",
    ]
    assert len(_violations(dict.fromkeys("abc", 5))) == 3
    missing = _violations(dict.fromkeys("abcde", 12), rest=0)
    assert len(missing) == 4
    assert missing[-1] == "and so on: 5 classes are missing from the test split"
