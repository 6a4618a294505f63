"""What a worker does with a unit, in whatever process it is told to."""

from __future__ import annotations

import pickle
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from components.image_folder.files.listing import ImageFile
from components.image_folder.files.open_store import open_store
from components.image_folder.inspection.examination import Examiner
from components.image_folder.inspection.examination_rules import ExaminationRules
from components.image_folder.records.artifact_files import manifest_path, plan_dir, written_whole
from components.image_folder.records.manifest import read_manifest, write_manifest
from components.image_folder.splits.placement_candidate import Candidate
from components.image_folder.workers.examining_files import threads_for
from components.image_folder.workers.reuse import EarlierIngest, Reusable
from components.image_folder.workers.shard_writing import settle_unit, write_unit
from components.image_folder.workers.unit_summary import UnitSummary, summarize
from components.image_folder.workers.work_units import WorkUnit

if TYPE_CHECKING:
    from components.image_folder.inspection.reduced_decoding import TensorflowDecoder

# In this order: all units are written before the first is settled.
Step = Literal["write", "settle"]


@dataclass(frozen=True)
class IngestPlan:
    """What all units of an ingest have in common.

    Attributes:
        root: that the files' paths are relative to.
        rules: what is checked.
        labels: names in id order.
        earlier: whose unchanged records to take over.
    """

    root: str
    rules: ExaminationRules
    labels: tuple[str, ...]
    earlier: EarlierIngest | None


def write_plan(plan: IngestPlan, units: Sequence[WorkUnit], examples_dir: Path) -> None:
    """Writes what each unit is to do, for workers to read.

    Whoever deals out the work then passes on the numbers of units only; Beam
    would compress more than that, which takes longer than reading the images.
    """
    plan_dir(examples_dir).mkdir(parents=True, exist_ok=True)
    _plan_file(examples_dir).write_bytes(pickle.dumps(plan))
    for unit in units:
        # Plain tuples, because they are several times faster to pickle.
        work = unit.index, unit.count, [tuple(file) for file in unit.files]
        _unit_file(examples_dir, unit.index).write_bytes(pickle.dumps(work))


def write_moves(units: Sequence[WorkUnit], moved: Mapping[str, str | None], examples_dir: Path) -> list[int]:
    """Writes what `settle` is to move; returns the numbers of the units that have something to do."""
    affected = []
    for unit in units:
        moves = {file.path: moved[file.path] for file in unit.files if file.path in moved}
        if moves:
            _moves_file(examples_dir, unit.index).write_bytes(pickle.dumps(moves))
            affected.append(unit.index)
    return affected


def remove_plan(examples_dir: Path) -> None:
    """Takes away what the others here wrote."""
    shutil.rmtree(plan_dir(examples_dir))


def files_to_write_by(examples_dir: Path, index: int) -> tuple[Path, Path]:
    """The files of the plan that `write` needs for a unit."""
    return _plan_file(examples_dir), _unit_file(examples_dir, index)


def do_step(
    step: Step,
    examples_dir: Path,
    index: int,
    threads: int | None = None,
    ask_tensorflow: TensorflowDecoder | None = None,
) -> None:
    """Writes a unit's shards and manifest, or puts images elsewhere that `write_moves` names.

    Args:
        step: which of both.
        examples_dir: root of the Examples artifact, with a plan in it.
        index: of the unit.
        threads: how many files are read and decoded in; None for as many as are good for this machine.
        ask_tensorflow: decodes what only TensorFlow can; None to do it in this process.
    """
    unit = _read_unit(examples_dir, index)
    manifest = manifest_path(examples_dir, index)
    moves: dict[str, str | None] = {}
    if step == "settle":
        moves = pickle.loads(_moves_file(examples_dir, index).read_bytes())
        entries = settle_unit(unit.name, list(read_manifest(manifest)), moves, examples_dir)
    else:
        plan: IngestPlan = pickle.loads(_plan_file(examples_dir).read_bytes())
        store = open_store(plan.root)
        examiner = Examiner(store, plan.rules, plan.labels, ask_tensorflow)
        with Reusable(unit, plan.earlier) as reusable:
            known = reusable if plan.earlier else None
            entries = write_unit(unit, examiner, examples_dir, known, threads or threads_for(store))
        usable = [tuple(Candidate.of(entry)) for entry in entries if entry.split is not None]
        with written_whole(_candidates_file(examples_dir, index), examples_dir) as partial:
            partial.write_bytes(pickle.dumps(usable))
    with written_whole(_summary_file(examples_dir, index), examples_dir) as partial:
        partial.write_bytes(pickle.dumps(summarize(entries, moves)))
    write_manifest(manifest, entries)


def read_candidates(examples_dir: Path, units: Sequence[WorkUnit]) -> Iterator[Candidate]:
    """The images of all units that can be used by themselves, when all units are written."""
    for unit in units:
        yield from map(Candidate._make, pickle.loads(_candidates_file(examples_dir, unit.index).read_bytes()))


def read_summary(examples_dir: Path, units: Sequence[WorkUnit]) -> UnitSummary:
    """What the entries of all units come to, as they are at the time."""
    summary = UnitSummary()
    for unit in units:
        summary.add(pickle.loads(_summary_file(examples_dir, unit.index).read_bytes()))
    return summary


def _read_unit(examples_dir: Path, index: int) -> WorkUnit:
    index, count, files = pickle.loads(_unit_file(examples_dir, index).read_bytes())
    return WorkUnit(index, count, tuple(map(ImageFile._make, files)))


def _plan_file(examples_dir: Path) -> Path:
    return plan_dir(examples_dir) / "ingest.pickle"


def _unit_file(examples_dir: Path, unit: int) -> Path:
    return plan_dir(examples_dir) / f"{unit:05d}.pickle"


def _moves_file(examples_dir: Path, unit: int) -> Path:
    return plan_dir(examples_dir) / f"{unit:05d}.moves.pickle"


def _candidates_file(examples_dir: Path, unit: int) -> Path:
    return plan_dir(examples_dir) / f"{unit:05d}.candidates.pickle"


def _summary_file(examples_dir: Path, unit: int) -> Path:
    return plan_dir(examples_dir) / f"{unit:05d}.summary.pickle"
