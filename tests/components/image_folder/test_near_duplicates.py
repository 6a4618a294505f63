from __future__ import annotations

import numpy as np
import pytest

from components.image_folder.near_duplicates import near_pairs

RANDOM = np.random.default_rng(5)


def _hashes(count: int) -> list[bytes]:
    return [bytes(row) for row in RANDOM.integers(0, 256, (count, 32), dtype=np.uint8)]


def _with_flipped(value: bytes, bits: int) -> bytes:
    """The hash with so many bits flipped, anywhere."""
    number = int.from_bytes(value, "big")
    for bit in RANDOM.choice(256, bits, replace=False):
        number ^= 1 << int(bit)
    return number.to_bytes(32, "big")


def _distance(one: bytes, other: bytes) -> int:
    return (int.from_bytes(one, "big") ^ int.from_bytes(other, "big")).bit_count()


@pytest.mark.parametrize("max_distance", [0, 1, 16, 32])
def test_finds_exactly_what_comparing_all_with_all_finds(max_distance: int) -> None:
    hashes = _hashes(150)
    hashes += [_with_flipped(value, bits) for bits in range(1, 40) for value in hashes[:8]]
    pairs = list(near_pairs(hashes, max_distance))
    expected = {
        (one, other): _distance(hashes[one], hashes[other])
        for one in range(len(hashes))
        for other in range(one + 1, len(hashes))
        if _distance(hashes[one], hashes[other]) <= max_distance
    }
    assert len(pairs) == len({(one, other) for one, other, _ in pairs})
    assert {(one, other): distance for one, other, distance in pairs} == expected
    assert (len(expected) > 0) == (max_distance > 0)


def test_equal_hashes_hang_together_through_the_first() -> None:
    one, other = _hashes(2)
    near = _with_flipped(one, 3)
    found = set(near_pairs([other, one, one, near, one, near], 4))
    assert found == {(1, 2, 0), (1, 4, 0), (3, 5, 0), (1, 3, 3)}


@pytest.mark.parametrize("hashes", [[], [bytes(32)]])
def test_too_few_to_be_a_pair(hashes: list[bytes]) -> None:
    assert list(near_pairs(hashes, 16)) == []


def test_ten_thousand_alike_are_no_trouble() -> None:
    base = _hashes(1)[0]
    hashes = [_with_flipped(base, 2) for _ in range(10_000)]
    assert len(list(near_pairs(hashes, 0))) < 10_000
