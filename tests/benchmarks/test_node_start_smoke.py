"""The benchmark of stages' starts keeps running: one stage once, beside Python alone, no time asserted."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.benchmarks import node_start
from tests.benchmarks.corpus import photographs, write_copies
from tests.benchmarks.node_start import DONE, LAUNCHER, STAGES, TFX, Bench, Start, StartFailedError, measure


def test_a_stage_is_measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(node_start, "YARDSTICKS", {TFX: "pass", LAUNCHER: "pass"})
    write_copies(tmp_path, photographs(None, images=20), 2)
    starts = Bench(tmp_path, STAGES[:1], rounds=1).starts(lambda line: None)
    assert set(starts) == {TFX, LAUNCHER, STAGES[0], DONE}
    for (start,) in starts.values():
        # The kernel counts a process's start in hundredths, and the line is rounded to them.
        assert 0 < start.first_line <= start.whole + 0.02
        assert 0 < start.first_line_cpu <= start.whole_cpu + 0.01
    (stage,), (python,) = starts[STAGES[0]], starts[TFX]
    assert stage.first_line_cpu > python.whole_cpu


@pytest.mark.parametrize("code", ["raise SystemExit('no such stage')", "print('no such stage')"])
def test_a_start_that_fails_is_no_result(code: str) -> None:
    with pytest.raises(StartFailedError, match="no such stage"):
        measure([sys.executable, "-c", code])


def test_medians_are_shown_beside_the_yardsticks() -> None:
    starts = {
        TFX: [Start(20, 8, 25, 10)],
        LAUNCHER: [Start(10, 5, 12, 6)],
        "Trainer": [Start(7, cpu, 30, 40) for cpu in (3, 4, 11)],
    }
    assert node_start.as_markdown(starts)[-1] == "| Trainer | 7.00 | 4.00 | 0.50 | 0.80 | 30.00 | 40.00 |"
