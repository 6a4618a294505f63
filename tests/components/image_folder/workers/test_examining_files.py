"""How files are dealt out to threads, and that the results come in order all the same."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

import pytest
from threadpoolctl import threadpool_info

from components.image_folder.files.listing import ImageFile
from components.image_folder.files.local_store import LocalStore
from components.image_folder.inspection.examination import Examiner, ReadFile
from components.image_folder.inspection.examination_rules import ExaminationRules
from components.image_folder.records.manifest import Entry
from components.image_folder.settings import DataSettings
from components.image_folder.workers import examining_files
from components.image_folder.workers.examining_files import examine_files, threads_for
from components.image_folder.workers.reuse import Reusable
from components.image_folder.workers.work_units import WorkUnit


class NotingExaminer(Examiner):
    """Notes which files are decoded together, in which thread, and how many threads a matrix product gets."""

    def decode(self, files: Sequence[ReadFile]) -> Sequence[ReadFile]:
        batches.append([read.file.size for read in files])
        threads.add(threading.get_ident())
        products.update(pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas")
        return super().decode(files)


batches: list[list[int]] = []
threads: set[int] = set()
products: set[int] = set()


@pytest.fixture(autouse=True)
def _nothing_noted() -> Iterator[None]:
    yield
    for noted in (batches, threads, products):
        noted.clear()


@pytest.fixture
def examiner(tmp_path: Path) -> Examiner:
    rules = ExaminationRules.of(DataSettings(verify=False), ("train", "eval", "test"))
    return NotingExaminer(LocalStore(str(tmp_path)), rules, ("a", "b"))


def _files(sizes: Sequence[int]) -> list[ImageFile]:
    """Of files that are not there, which is found out when they are read."""
    return [ImageFile(f"b/{number}.jpg", "b", size, 0) for number, size in enumerate(sizes)]


@pytest.mark.parametrize("workers", [1, 2, 5])
@pytest.mark.parametrize("count", [0, 1, 16, 17, 400])
def test_every_file_once_and_in_order(examiner: Examiner, workers: int, count: int) -> None:
    files = _files([1] * count)
    found = [entry for entry, _ in examine_files(files, examiner, workers)]
    assert [entry.path for entry in found] == [file.path for file in files]
    assert {entry.label_id for entry in found} <= {1}
    assert (threads <= {threading.get_ident()}) == (workers == 1 or not count)


_MIB = 2**20


@pytest.mark.parametrize(
    ("sizes", "expected"),
    [
        ([1] * 33, [16, 16, 1]),
        ([_MIB] * 20, [8, 8, 4]),
        ([_MIB] * 7 + [_MIB + 1, 1], [7, 2]),
        ([9 * _MIB] * 3, [1, 1, 1]),
        ([1, 9 * _MIB, 1, 1], [1, 1, 2]),
        ([], []),
    ],
)
def test_batches_are_small(examiner: Examiner, sizes: list[int], expected: list[int]) -> None:
    list(examine_files(_files(sizes), examiner, 1))
    assert [len(batch) for batch in batches] == expected


@pytest.mark.parametrize("taken", [1, 160])
def test_threads_are_only_a_few_batches_ahead(examiner: Examiner, taken: int) -> None:
    examined = examine_files(_files([1] * 1600), examiner, 2)
    list(islice(examined, taken))
    examined.close()  # type: ignore[attr-defined]  # waits for what has begun
    # Eight at a time wait; the one that is being taken from is another.
    assert len(batches) <= taken // 16 + 1 + 8


def test_all_threads_are_kept_busy(examiner: Examiner, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each of four waits until four are at it."""
    together = threading.Barrier(4, timeout=120)
    read = LocalStore.read

    def waiting(self: LocalStore, file: ImageFile) -> bytes:
        together.wait()
        return read(self, file)

    monkeypatch.setattr(examining_files, "_BATCH_FILES", 1)
    monkeypatch.setattr(LocalStore, "read", waiting)
    assert len(list(examine_files(_files([1] * 32), examiner, 4))) == 32


def test_a_matrix_product_is_not_shared_out_in_threads_of_its_own(examiner: Examiner) -> None:
    list(examine_files(_files([1]), examiner, 2))
    assert products == {1}


def test_what_is_known_is_not_looked_at(examiner: Examiner, monkeypatch: pytest.MonkeyPatch) -> None:
    files = _files([1, 2, 3, 4, 5])
    used = Entry("b/1.jpg", "b", 2, 0, None, 1, split="train")
    unusable = Entry("b/3.jpg", "b", 4, 0, None, 1)
    known = {"b/1.jpg": (used, b"framed"), "b/3.jpg": (unusable, b"")}
    monkeypatch.setattr(Reusable, "look_up", lambda self, file, label_id: known.get(file.path))
    found = list(examine_files(files, examiner, 1, Reusable(WorkUnit(0, 1, ()), None)))
    assert batches == [[1, 3, 5]]
    assert [entry.path for entry, _ in found] == [file.path for file in files]
    assert found[1] == (used, (b"framed",))
    assert found[3] == (unusable, ())
    assert [entry.findings[0][0] for entry, _ in found[::2]] == ["changed"] * 3


def test_as_many_threads_as_cores_or_as_the_store_can_feed(tmp_path: Path) -> None:
    store = LocalStore(str(tmp_path))
    assert threads_for(store) == os.cpu_count()
    store.workers = 1000
    assert threads_for(store) == 1000
