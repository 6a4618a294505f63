from __future__ import annotations

import os

import pytest

from components.image_folder.files.listing import ImageFile
from components.image_folder.workers import work_units
from components.image_folder.workers.work_units import plan_work, units_that_overlap


def _files(count: int, size: int) -> list[ImageFile]:
    return [
        ImageFile(f"{'ab'[number % 2]}/{number}.jpg", "ab"[number % 2], size, 0) for number in range(count)
    ]


def test_every_file_is_dealt_out_once() -> None:
    files = _files(10_000, 1000)
    units = plan_work(files)
    dealt = [file for unit in units for file in unit.files]
    assert sorted(dealt, key=lambda file: file.path) == sorted(files, key=lambda file: file.path)
    assert [(unit.index, unit.count) for unit in units] == [(index, 4) for index in range(4)]
    assert all(len(unit.files) <= work_units.MAX_UNIT_FILES for unit in units)
    assert units[1].name == "images-00001-of-00004"


def test_units_are_bounded_in_bytes_too() -> None:
    units = plan_work(_files(1000, work_units.MAX_UNIT_BYTES // 8))
    assert len(units) == 128
    assert max(sum(file.size for file in unit.files) for unit in units) < 4 * work_units.MAX_UNIT_BYTES


def test_as_much_as_a_unit_may_hold_is_one_unit() -> None:
    assert len(plan_work(_files(8, work_units.MAX_UNIT_BYTES // 8))) == 1
    assert len(plan_work(_files(work_units.MAX_UNIT_FILES, 1))) == 1
    assert len(plan_work(_files(work_units.MAX_UNIT_FILES + 1, 1))) == 2
    assert [unit.files for unit in plan_work([])] == [()]


def test_names_that_are_not_utf_8_are_dealt_out_too() -> None:
    file = ImageFile(os.fsdecode(b"caf\xe9.jpg"), "a", 1, 0)
    assert plan_work([file])[0].files == (file,)


def test_classes_are_mixed_and_the_order_is_stable() -> None:
    files = _files(2000, 1000)
    (unit,) = plan_work(files)
    first_half = [file.label for file in unit.files[:1000]]
    assert 400 < first_half.count("a") < 600
    assert plan_work(list(reversed(files))) == [unit]


def test_a_new_file_touches_one_unit() -> None:
    files = _files(10_000, 1000)
    before = plan_work(files)
    after = plan_work([*files, ImageFile("a/new.jpg", "a", 1000, 0)])
    assert sum(one.files != other.files for one, other in zip(before, after, strict=True)) == 1


@pytest.mark.parametrize(("count", "earlier"), [(4, 4), (8, 4), (4, 8), (1, 8), (8, 1)])
def test_overlapping_units_hold_all_files_of_a_unit(
    count: int, earlier: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def planned(units: int) -> list[set[str]]:
        monkeypatch.setattr(work_units, "MAX_UNIT_FILES", -(-1000 // units))
        return [{file.path for file in unit.files} for unit in plan_work(_files(1000, 1))]

    now, before = planned(count), planned(earlier)
    assert (len(now), len(before)) == (count, earlier)
    for index, paths in enumerate(now):
        overlapping = units_that_overlap(index, count, earlier)
        assert paths <= set().union(*(before[other] for other in overlapping))
        assert len(overlapping) == max(1, earlier // count)
