from __future__ import annotations

import pytest

from components.class_balance.class_weights import SCHEMES, Scheme, class_weights, oversampling_factors


@pytest.mark.parametrize(
    ("scheme", "counts", "expected"),
    [
        # 100 / (2 * 90) and 100 / (2 * 10).
        ("inverse", {"a": 90, "b": 10}, {"a": 100 / 180, "b": 5.0}),
        # 1/8 and 1/2, times 80 / (64/8 + 16/4 ...): raw 1/8 and 1/4, sum over images 8 + 4 = 12.
        ("sqrt_inverse", {"a": 64, "b": 16}, {"a": 80 / 12 / 8, "b": 80 / 12 / 4}),
        # 1 - 0.999 ** 2 = 0.001999, so the raw weights are 1 and 1 / 1.999; 1 + 2 / 1.999 over the images.
        (
            "effective_number",
            {"a": 1, "b": 2},
            {"a": 3 / (1 + 2 / 1.999), "b": 3 / (1 + 2 / 1.999) / 1.999},
        ),
        # The class without images counts nowhere.
        ("inverse", {"a": 90, "none": 0, "b": 10}, {"a": 100 / 180, "none": 0.0, "b": 5.0}),
        ("sqrt_inverse", {"a": 4, "none": 0}, {"a": 1.0, "none": 0.0}),
        ("effective_number", {"a": 4, "none": 0}, {"a": 1.0, "none": 0.0}),
        ("inverse", {"none": 0}, {"none": 0.0}),
    ],
)
def test_weights_by_hand(scheme: Scheme, counts: dict[str, int], expected: dict[str, float]) -> None:
    assert class_weights(counts, scheme) == pytest.approx(expected)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_the_average_image_counts_one_and_smaller_classes_count_more(scheme: Scheme) -> None:
    counts = {0: 5000, 1: 700, 2: 12, 3: 1}
    weights = class_weights(counts, scheme)
    assert sum(weights[key] * n for key, n in counts.items()) / sum(counts.values()) == pytest.approx(1)
    assert weights[0] < weights[1] < weights[2] < weights[3]


@pytest.mark.parametrize("scheme", SCHEMES)
def test_equal_classes_are_left_alone(scheme: Scheme) -> None:
    assert class_weights({"a": 7, "b": 7}, scheme) == pytest.approx({"a": 1, "b": 1})


def test_oversampling_makes_every_class_as_big_as_the_biggest() -> None:
    assert oversampling_factors({"a": 90, "b": 60, "c": 9, "none": 0}) == {
        "a": 1.0,
        "b": 1.5,
        "c": 10.0,
        "none": 0.0,
    }
    assert oversampling_factors({"none": 0}) == {"none": 0.0}
