"""Workers with other code refuse to work, whoever deals out the work."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import apache_beam as beam
import pytest

from components.image_folder.workers import distant_units, unit_dealers
from components.image_folder.workers.distant_units import OnDistantBeam
from components.image_folder.workers.unit_dealers import OnBeam, UnitDealer
from components.image_folder.workers.worker_code import OtherCodeError, check_code, own_code


def test_the_same_code_is_let_through() -> None:
    check_code(own_code())


def test_other_code_is_not() -> None:
    with pytest.raises(OtherCodeError, match="Build their image from the same code"):
        check_code("other")


@pytest.mark.parametrize(
    ("module", "dealer"),
    [
        (unit_dealers, lambda folder: OnBeam(beam.Pipeline)),
        (distant_units, lambda folder: OnDistantBeam(beam.Pipeline, str(folder / "store"))),
    ],
)
def test_work_says_whose_it_is(
    module: object,
    dealer: Callable[[Path], UnitDealer],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "own_code", lambda: "other")
    with pytest.raises((OtherCodeError, RuntimeError), match="another version of imgclf than the stage"):
        dealer(tmp_path).do("write", tmp_path / "examples", [0])
