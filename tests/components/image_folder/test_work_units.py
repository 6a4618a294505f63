from __future__ import annotations

from components.image_folder import work_units
from components.image_folder.listing import ImageFile
from components.image_folder.work_units import plan_work


def _files(count: int, size: int) -> list[ImageFile]:
    return [
        ImageFile(f"{'ab'[number % 2]}/{number}.jpg", "ab"[number % 2], size, 0) for number in range(count)
    ]


def test_every_file_is_dealt_out_once() -> None:
    files = _files(10_000, 1000)
    units = plan_work(files)
    dealt = [file for unit in units for file in unit.files]
    assert sorted(dealt, key=lambda file: file.path) == sorted(files, key=lambda file: file.path)
    assert [unit.index for unit in units] == list(range(len(units)))
    assert all(len(unit.files) <= work_units.MAX_UNIT_FILES for unit in units)


def test_units_are_bounded_in_bytes_too() -> None:
    units = plan_work(_files(100, work_units.MAX_UNIT_BYTES // 4))
    assert {len(unit.files) for unit in units} == {4}
    assert units[0].shard_name == "images-00000-of-00025.tfrecord"


def test_a_file_larger_than_a_unit_gets_one_of_its_own() -> None:
    assert len(plan_work(_files(3, work_units.MAX_UNIT_BYTES * 2))) == 3


def test_classes_are_mixed_and_the_order_is_stable() -> None:
    files = _files(2000, 1000)
    (unit,) = plan_work(files)
    first_half = [file.label for file in unit.files[:1000]]
    assert 400 < first_half.count("a") < 600
    assert plan_work(list(reversed(files))) == [unit]
