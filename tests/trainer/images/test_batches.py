from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from trainer.images.batches import (
    in_even_parts,
    in_order,
    read_batches,
    steps_an_epoch,
    training_order,
)

COUNT, BATCH = 10, 4


def _elements(
    first: int = 0, epochs: int = 2, seed: int = 1, views: int = 1
) -> list[tuple[list[int], list[int]]]:
    order = training_order(COUNT, BATCH, seed, first, epochs, views)
    return [(indices.tolist(), words.tolist()) for indices, words in order.as_numpy_iterator()]


def test_each_epoch_has_every_example_once_in_an_order_of_its_own() -> None:
    elements = _elements()
    assert [len(indices) for indices, _ in elements] == [4, 4, 2, 4, 4, 2]
    epochs = [[index for indices, _ in elements[start : start + 3] for index in indices] for start in (0, 3)]
    assert sorted(epochs[0]) == sorted(epochs[1]) == list(range(COUNT))
    assert epochs[0] != epochs[1]
    assert list(range(COUNT)) not in epochs


def test_each_batch_has_a_seed_of_its_own() -> None:
    seeds = [tuple(words) for _, words in _elements()]
    assert len(set(seeds)) == len(seeds)


def test_epochs_can_be_passed_over() -> None:
    assert _elements(first=1, epochs=3) == _elements(epochs=3)[3:]
    assert _elements(first=2, epochs=2) == []


def test_the_seed_decides() -> None:
    assert _elements(seed=1) == _elements(seed=1) != _elements(seed=2)


def test_each_epoch_takes_the_next_view() -> None:
    elements = _elements(epochs=3, views=2)
    views = [{index // COUNT for index in indices} for indices, _ in elements]
    assert views == [{0}] * 3 + [{1}] * 3 + [{0}] * 3
    plain = _elements(epochs=3)
    assert [[index % COUNT for index in indices] for indices, _ in elements] == [each for each, _ in plain]


@pytest.mark.parametrize(("count", "steps"), [(1, 1), (4, 1), (5, 2), (8, 2), (9, 3)])
def test_steps_an_epoch(count: int, steps: int) -> None:
    assert steps_an_epoch(count, 4) == steps
    assert len(list(in_order(count, 4))) == steps


@pytest.mark.parametrize(
    ("count", "turns", "devices", "indices"),
    [
        (5, 1, 2, [[0], [1], [2], [3, 4]]),
        (7, 1, 2, [[0, 1], [2, 3], [4, 5], [6]]),
        (7, 9, 2, [[0], [1], [2], [3], [4], [5, 6]]),
        (8, 2, 2, [[0, 1], [2, 3], [4, 5], [6, 7]]),
        (4, 1, 4, [[0], [1], [2], [3]]),
        (3, 1, 2, [[0, 1], [2, 0]]),
        (2, 1, 3, [[0], [1], [0]]),
    ],
)
def test_parts_of_the_first_turn_are_of_one_size_and_none_is_empty(
    count: int, turns: int, devices: int, indices: list[list[int]]
) -> None:
    elements = list(in_even_parts(count, turns, devices).as_numpy_iterator())
    assert [each.tolist() for each, _ in elements] == indices
    assert all(seed.tolist() == [0, 0] for _, seed in elements)


def test_batches_are_what_is_read_at_the_indices() -> None:
    rows = np.arange(20, dtype=np.float32).reshape(10, 2)
    names = np.arange(10)[::-1]
    batches = read_batches(
        in_order(COUNT, BATCH), lambda indices: (rows[indices], names[indices]), (rows[:0], names[:0])
    )
    assert batches.element_spec[0] == tf.TensorSpec((None, 2), tf.float32)
    found = list(batches.as_numpy_iterator())
    np.testing.assert_array_equal(np.concatenate([each[0] for each in found]), rows)
    np.testing.assert_array_equal(np.concatenate([each[1] for each in found]), names)
