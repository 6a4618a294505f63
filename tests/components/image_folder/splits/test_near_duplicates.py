from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pytest

from components.image_folder.splits import near_duplicates
from components.image_folder.splits.near_duplicates import near_pairs

RANDOM = np.random.default_rng(5)
# As the largest group of which all pairs are given.
ALL = 10**6


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
    pairs = list(near_pairs(hashes, max_distance, ALL))
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
    found = set(near_pairs([other, one, one, near, one, near], 4, ALL))
    assert found == {(1, 2, 0), (1, 4, 0), (3, 5, 0), (1, 3, 3)}


@pytest.mark.parametrize("hashes", [[], [bytes(32)]])
def test_too_few_to_be_a_pair(hashes: list[bytes]) -> None:
    assert list(near_pairs(hashes, 16, ALL)) == []


def _connected(count: int, pairs: Iterable[tuple[int, int, int]]) -> list[set[int]]:
    """What hangs together, of so many."""
    groups = [{position} for position in range(count)]
    for one, other, _ in pairs:
        if groups[one] is not groups[other]:
            groups[one] |= groups[other]
            for position in groups[other]:
                groups[position] = groups[one]
    return groups


@pytest.mark.parametrize("max_group", [2, 5, 39, 40, 45])
def test_of_too_many_alike_only_some_pairs_are_given(max_group: int) -> None:
    hashes = _hashes(60)
    for base in hashes[:3]:
        hashes += [_with_flipped(base, bits) for bits in (1, 2, 3) * 13]  # 40 alike
    hashes += hashes[:5]  # of the first group, and of others, copies
    everything = set(near_pairs(hashes, 8, ALL))
    some = set(near_pairs(hashes, 8, max_group))
    assert some <= everything
    groups = _connected(len(hashes), everything)
    assert _connected(len(hashes), some) == groups
    whole = {pair for pair in everything if len(groups[pair[0]]) <= max_group}
    assert whole <= some
    assert len(some - whole) <= len(hashes) * max_group
    assert (some == everything) == (max_group >= 41)


def test_thousands_alike_are_no_trouble() -> None:
    base = _hashes(1)[0]
    hashes = [_with_flipped(base, 5) for _ in range(3000)]
    pairs = list(near_pairs(hashes, 16, 50))
    assert len(pairs) < 26 * len(hashes)  # of four and a half million
    assert len(_connected(len(hashes), pairs)[0]) == len(hashes)


@pytest.mark.parametrize("max_distance", [0, 16])
def test_two_are_enough_for_a_pair(max_distance: int) -> None:
    (one,) = _hashes(1)
    near = _with_flipped(one, max_distance)
    assert list(near_pairs([one, near], max_distance, ALL)) == [(0, 1, max_distance)]


def test_few_of_all_pairs_are_compared() -> None:
    table = np.frombuffer(b"".join(_hashes(2000)), np.uint8).reshape(2000, 32)
    compared = sum(len(left) for left, _ in near_duplicates._candidates(table, 17))
    assert compared < 5000  # of two million; by chance it is about 17 · 2000² / 2 / 2¹⁵ = 1038


def test_many_pairs_are_compared_in_portions(monkeypatch: pytest.MonkeyPatch) -> None:
    base = _hashes(1)[0]
    hashes = sorted({_with_flipped(base, 3) for _ in range(100)})
    expected = set(near_pairs(hashes, 6, ALL))
    monkeypatch.setattr(near_duplicates, "_PAIRS_AT_ONCE", 7)
    assert set(near_pairs(hashes, 6, ALL)) == expected
    assert len(expected) == len(hashes) * (len(hashes) - 1) // 2


def test_where_all_are_alike_each_is_compared_with_some_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(near_duplicates, "_MAX_BUCKET", 10)
    # Each a bit away from nothing, so any two are two bits apart, and most agree in any of three bands.
    hashes = [(1 << bit).to_bytes(32, "big") for bit in range(256)]
    pairs = list(near_pairs(hashes, 2, ALL))
    assert len(pairs) <= 3 * 9 * len(hashes) < 256 * 255 / 2
    connected = {0}
    for _ in range(256):
        connected |= {other for pair in pairs for other in pair[:2] if connected & set(pair[:2])}
        if len(connected) == 256:
            break
    assert len(connected) == 256


def test_no_image_is_compared_with_thousands_of_others() -> None:
    table = np.zeros((5000, 32), np.uint8)
    compared = sum(len(left) for left, _ in near_duplicates._candidates(table, 1))
    assert compared < 5000 * 2048 < 5000 * 4999 / 2
