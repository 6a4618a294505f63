"""Units for workers that see nothing of the workspace: they store what they wrote where it is fetched."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import apache_beam as beam

from components.dataflow.staged_folders import collected, copy_file, store_folder
from components.image_folder.workers.unit_dealers import InThisProcess
from components.image_folder.workers.unit_work import Step, do_step, files_to_write_by
from components.image_folder.workers.worker_code import check_code, own_code


class OnDistantBeam:
    """The workers of a Beam runner, which reach the images and a store, and nothing of the workspace."""

    def __init__(self, make_pipeline: Callable[[], beam.Pipeline], location: str) -> None:
        """Starts nothing yet.

        Args:
            make_pipeline: makes an empty pipeline of the runner.
            location: URI of the folder in the store that shards pass through.
        """
        self._make_pipeline = make_pipeline
        self._location = location

    def do(self, step: Step, examples_dir: Path, units: Sequence[int]) -> None:
        """See UnitDealer. Shards are here once they are written, so what moves between them moves here."""
        if step == "settle":
            InThisProcess().do(step, examples_dir, units)
            return
        with collected(self._location, examples_dir) as (uri,):
            store_folder(examples_dir, uri)  # Nothing but the plan is there yet.
            code = own_code()

            def work(unit: int) -> None:
                check_code(code)
                write_unit_at(uri, unit)

            with self._make_pipeline() as pipeline:
                _ = pipeline | "Units" >> beam.Create(units, reshuffle=True) | "Work" >> beam.Map(work)


def write_unit_at(uri: str, unit: int) -> None:
    """Does in a folder of this machine what a plan behind a URI says, and stores what came of it behind that.

    Args:
        uri: of the root of an Examples artifact, with a plan in it.
        unit: number of the unit to write.
    """
    with TemporaryDirectory() as name:
        examples_dir = Path(name)
        needed = files_to_write_by(examples_dir, unit)
        for file in needed:
            copy_file(f"{uri}/{file.relative_to(examples_dir).as_posix()}", str(file))
        do_step("write", examples_dir, unit)
        for file in needed:
            file.unlink()
        store_folder(examples_dir, uri)
