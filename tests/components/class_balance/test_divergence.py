from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.spatial.distance import jensenshannon

from components.class_balance.divergence import Shift, jensen_shannon, largest_change


@pytest.mark.parametrize(
    ("before", "now", "expected"),
    [
        ({"a": 3, "b": 1}, {"a": 30, "b": 10}, 0.0),
        ({"a": 3}, {"b": 8}, 1.0),
        # Middle (3/4, 1/4): half of log2(4/3), and half of log2(2/3) / 2 + log2(2) / 2.
        ({"a": 5}, {"a": 2, "b": 2}, math.log2(4 / 3) / 2 + math.log2(2 / 3) / 4 + 1 / 4),
    ],
)
def test_divergence_by_hand(before: dict[str, int], now: dict[str, int], expected: float) -> None:
    assert jensen_shannon(before, now).distance == pytest.approx(expected, abs=1e-12)
    assert jensen_shannon(now, before).distance == pytest.approx(expected, abs=1e-12)


def test_divergence_is_scipys_distance_squared() -> None:
    rng = np.random.default_rng(0)
    for _ in range(20):
        first, second = rng.integers(0, 9, (2, 7)) + np.eye(2, 7, dtype=int)
        ours = jensen_shannon(*({str(key): int(n) for key, n in enumerate(each)} for each in (first, second)))
        assert ours.distance == pytest.approx(jensenshannon(first, second, base=2) ** 2, abs=1e-12)


def test_chance_by_hand() -> None:
    # Three of the four bins are occupied: two degrees of freedom, mean 2, standard deviation 2.
    shift = jensen_shannon({"a": 50, "b": 50, "empty": 0}, {"a": 20, "b": 20, "c": 10})
    assert shift.chance == pytest.approx((1 / 100 + 1 / 50) / (8 * math.log(2)) * (2 + 3 * 2))
    assert jensen_shannon({"a": 9}, {"a": 3}).chance == 0


def test_chance_is_seldom_exceeded_by_like_and_like() -> None:
    rng = np.random.default_rng(0)
    shares = rng.dirichlet(np.ones(16))
    exceeded, means, expected = [], [], []
    for _ in range(400):
        before, now = (
            {str(key): int(n) for key, n in enumerate(rng.multinomial(size, shares))} for size in (400, 1200)
        )
        shift = jensen_shannon(before, now)
        exceeded.append(shift.beyond_chance > 0)
        means.append(shift.distance)
        expected.append((1 / 400 + 1 / 1200) / (8 * math.log(2)) * 15)
    assert np.mean(exceeded) < 0.03
    assert np.mean(means) == pytest.approx(np.mean(expected), rel=0.1)


def test_largest_change_by_hand() -> None:
    most, shift = largest_change({"a": 30, "b": 20, "c": 50}, {"a": 10, "b": 50, "c": 40})
    assert (most, shift.distance) == ("b", pytest.approx(0.3))
    # Together 70 of 200 are b. Half the probability of an error each: 3.20515 instead of 3.
    assert shift.chance == pytest.approx(3.20515 * math.sqrt(0.35 * 0.65 * (1 / 100 + 1 / 100)), rel=1e-5)
    _, shift = largest_change({"a": 50, "b": 50}, {"a": 60, "b": 40})
    assert shift.chance == pytest.approx(3 * math.sqrt(0.55 * 0.45 * (1 / 100 + 1 / 100)))


@pytest.mark.parametrize("classes", [2, 20, 1000])
def test_the_largest_of_many_changes_is_seldom_beyond_chance(classes: int) -> None:
    rng = np.random.default_rng(0)
    samples = rng.multinomial(50 * classes, [1 / classes] * classes, (300, 2)).tolist()
    shifts = [
        largest_change(*({str(key): n for key, n in enumerate(each)} for each in pair))[1] for pair in samples
    ]
    assert np.mean([shift.beyond_chance > 0 for shift in shifts]) < 0.03


def test_a_limit_holds_for_what_is_beyond_chance() -> None:
    assert Shift(0.5, 0.125).beyond_chance == 0.375
    assert Shift(0.1, 0.2).beyond_chance == 0


def test_distance_and_chance_stay_between_0_and_1() -> None:
    assert jensen_shannon({"a": 1, "b": 1}, {"c": 1}).chance == 1
    assert largest_change({"a": 1}, {"b": 1})[1] == Shift(1.0, 1.0)
