"""Who works on units, and how the numbers of units get there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

import apache_beam as beam

from components.image_folder.workers.unit_work import Step, do_step
from components.image_folder.workers.worker_code import check_code, own_code
from components.progress import report_progress


class UnitDealer(Protocol):
    """Deals units out to workers."""

    def do(self, step: Step, examples_dir: Path, units: Sequence[int]) -> None:
        """Has a step of units of the plan in `examples_dir` done, and returns when it is done for all."""
        ...


class InThisProcess:
    """One unit after the other; files are read and decoded in threads."""

    def do(self, step: Step, examples_dir: Path, units: Sequence[int]) -> None:
        """See UnitDealer."""
        for number, unit in enumerate(units, start=1):
            do_step(step, examples_dir, unit)
            if len(units) > 1:
                report_progress(f"part {number} of {len(units)}")


class OnBeam:
    """The workers of a Beam runner, which reach `examples_dir` under the same path."""

    def __init__(self, make_pipeline: Callable[[], beam.Pipeline]) -> None:
        """Starts nothing yet.

        Args:
            make_pipeline: makes an empty pipeline of the runner.
        """
        self._make_pipeline = make_pipeline

    def do(self, step: Step, examples_dir: Path, units: Sequence[int]) -> None:
        """See UnitDealer."""
        code = own_code()

        def work(unit: int) -> None:
            check_code(code)
            do_step(step, examples_dir, unit)

        with self._make_pipeline() as pipeline:
            _ = pipeline | "Units" >> beam.Create(units, reshuffle=True) | "Work" >> beam.Map(work)
