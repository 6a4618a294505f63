from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path

import joblib
import pytest

from components.image_folder.files.listing import ImageFile
from components.image_folder.headers.image_header import ImageHeader, UnusableImageError, read_header
from components.image_folder.inspection.examination import Examiner, ReadFile
from components.image_folder.inspection.examination_rules import ExaminationRules
from components.image_folder.inspection.reduction import Pixels
from components.image_folder.records.artifact_files import manifest_path, plan_dir
from components.image_folder.records.manifest import read_manifest
from components.image_folder.settings import DataSettings
from components.image_folder.workers.unit_work import (
    IngestPlan,
    do_step,
    read_candidates,
    read_summary,
    remove_plan,
    write_moves,
    write_plan,
)
from components.image_folder.workers.work_units import WorkUnit
from tests.image_files import image_bytes

# None of the files is there.
UNITS = [
    WorkUnit(index, 2, tuple(ImageFile(f"a/{index}-{number}.jpg", "a", 9, 0) for number in range(40)))
    for index in range(2)
]


def _plan(examples_dir: Path) -> None:
    rules = ExaminationRules.of(DataSettings(), ("train", "eval", "test"))
    write_plan(IngestPlan(str(examples_dir), rules, ("a",), None), UNITS, examples_dir)


def test_a_plan_is_written_over_that_of_a_run_that_was_killed(tmp_path: Path) -> None:
    for _ in range(2):
        _plan(tmp_path / "deep" / "new")
    for unit in UNITS:
        do_step("write", tmp_path / "deep" / "new", unit.index)
    assert list(read_candidates(tmp_path / "deep" / "new", UNITS)) == []
    told = [(path, kind) for path, kind, _ in read_summary(tmp_path / "deep" / "new", UNITS).findings]
    assert told == [(file.path, "changed") for unit in UNITS for file in unit.files]
    remove_plan(tmp_path / "deep" / "new")
    assert not plan_dir(tmp_path / "deep" / "new").exists()


def test_only_units_of_which_something_moves_are_settled(tmp_path: Path) -> None:
    _plan(tmp_path)
    assert write_moves(UNITS, {}, tmp_path) == []
    assert write_moves(UNITS, {"a/1-3.jpg": None}, tmp_path) == [1]
    assert write_moves(UNITS, {"a/1-3.jpg": None, "a/0-0.jpg": "test"}, tmp_path) == [0, 1]


@pytest.mark.parametrize(("threads", "alone"), [(1, True), (2, False), (None, False)])
def test_as_many_threads_as_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, threads: int | None, alone: bool
) -> None:
    used = set()
    read = Examiner.read

    def noted(self: Examiner, file: ImageFile, label_id: int) -> ReadFile:
        used.add(threading.get_ident())
        return read(self, file, label_id)

    monkeypatch.setattr(Examiner, "read", noted)
    monkeypatch.setattr(joblib, "cpu_count", lambda: 2)
    _plan(tmp_path)
    do_step("write", tmp_path, 0, threads)
    assert (used == {threading.get_ident()}) == alone


def test_another_process_is_asked_for_what_only_tensorflow_decodes(tmp_path: Path) -> None:
    data = image_bytes(1, "PNG")
    (tmp_path / "1.png").write_bytes(data)
    facts = (tmp_path / "1.png").stat()
    unit = WorkUnit(0, 1, (ImageFile("1.png", "a", facts.st_size, facts.st_mtime_ns),))
    rules = ExaminationRules.of(DataSettings(), ("train", "eval", "test"))
    write_plan(IngestPlan(str(tmp_path), rules, ("a",), None), [unit], tmp_path)
    asked: list[tuple[bytes, ImageHeader]] = []

    def refuse(images: Sequence[tuple[bytes, ImageHeader]]) -> list[Pixels | UnusableImageError]:
        asked.extend(images)
        return [UnusableImageError("corrupt", "refused") for _ in images]

    do_step("write", tmp_path, 0, 1, refuse)
    assert asked == [(data, read_header(data))]
    assert read_summary(tmp_path, [unit]).findings == [("1.png", "corrupt", "refused")]


def test_a_unit_can_be_settled_twice(tmp_path: Path) -> None:
    """The first worker may be done, and nobody hears of it."""
    files = []
    for number in range(3):
        path = tmp_path / f"{number}.png"
        path.write_bytes(image_bytes(number, "PNG"))
        files.append(ImageFile(path.name, "a", path.stat().st_size, path.stat().st_mtime_ns))
    unit = WorkUnit(0, 1, tuple(files))
    rules = ExaminationRules.of(DataSettings(verify=False), ("train", "eval", "test"))
    write_plan(IngestPlan(str(tmp_path), rules, ("a",), None), [unit], tmp_path)
    do_step("write", tmp_path, 0, 1)
    write_moves([unit], {"0.png": None, "1.png": "eval", "2.png": "test"}, tmp_path)
    left = []
    for _ in range(2):
        do_step("settle", tmp_path, 0)
        shards = {path.relative_to(tmp_path): path.read_bytes() for path in tmp_path.glob("Split-*/*")}
        left.append((list(read_manifest(manifest_path(tmp_path, 0))), shards))
    assert left[0] == left[1]
    assert [entry.record and entry.record.split for entry in left[0][0]] == [None, "eval", "test"]
