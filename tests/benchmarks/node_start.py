"""What starting a stage costs, where each is a process of its own: `make bench-start`, or this module.

A run on handwritten digits is prepared, and each of its stages started as a
pod starts it, twice: once to run, once to find that it is done. Beside that
stands what importing TFX takes. Processor seconds are told apart from those
that pass, because the latter depend on what else the machine has to do.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Final

from pipeline.settings.metadata_connection_names import HOST

ROOT: Final = Path(__file__).parents[2]
CONFIG: Final = ROOT / "pipeline/configs/digits.yaml"
# One epoch: training itself is not what is measured.
OVERRIDES: Final = ("training.phases=[{train: all, epochs: 1}]", "evaluation.min_accuracy=0")
STAGES: Final = (
    "ImageFolderExampleGen",
    "DataCheck",
    "ExampleSchemaGen",
    "StatisticsGen",
    "ExampleValidator",
    "ClassBalanceValidator",
    "Transform",
    "Trainer",
    "LatestBlessedResolver",
    "Evaluator",
    "ServingCheck",
    "Pusher",
)
DONE: Final = "done already"
TFX: Final = "import tfx.v1"
LAUNCHER: Final = "import launcher"
# Python alone, with no word of ours in it but the last line.
YARDSTICKS: Final = {
    TFX: "import tfx.v1",
    LAUNCHER: "from tfx.orchestration.portable import launcher",
}
_SAYS_AGE: Final = (
    "\nfrom pipeline.steps.process_age import process_age\nprint('the executor starts', process_age())"
)
_FIRST_LINE: Final = re.compile(r"the executor starts ([\d.]+) seconds after its process.* for ([\d.]+)")


class StartFailedError(Exception):
    """A process ended with an error; the text is the end of what it wrote."""


@dataclass(frozen=True)
class Start:
    """One process.

    Attributes:
        first_line: seconds from its start to the executor's first line, of a stage that was done to its last.
        first_line_cpu: what of these it computed, in all threads.
        whole: seconds from its start to its end.
        whole_cpu: what of these it computed.
    """

    first_line: float
    first_line_cpu: float
    whole: float
    whole_cpu: float


def measure(command: Sequence[str], *, is_done: bool = False) -> Start:
    """Starts a process, and waits for its end.

    Args:
        command: to start.
        is_done: whether there will be no executor.

    Raises:
        StartFailedError: it failed, or told of no executor.
    """
    environment = {**os.environ, HOST: "", "TF_CPP_MIN_LOG_LEVEL": "2", "CUDA_VISIBLE_DEVICES": ""}
    with tempfile.TemporaryFile("w+") as log:
        began = time.perf_counter()
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=subprocess.STDOUT)
        _, status, used = os.wait4(process.pid, 0)
        whole, cpu = time.perf_counter() - began, used.ru_utime + used.ru_stime
        process.returncode = os.waitstatus_to_exitcode(status)
        log.seek(0)
        text = log.read()
    found = _FIRST_LINE.search(text)
    if process.returncode or (found is None) != is_done:
        raise StartFailedError(f"{' '.join(command[:4])}: …{text[-2000:]}")
    first_line, first_line_cpu = (float(number) for number in found.groups()) if found else (whole, cpu)
    return Start(first_line, first_line_cpu, whole, cpu)


@dataclass(frozen=True)
class Bench:
    """A folder of images, and what is measured of runs on it.

    Attributes:
        images: folder of class folders.
        stages: that are started, in order.
        rounds: how often; each is a run in a workspace of its own.
    """

    images: Path
    stages: Sequence[str]
    rounds: int

    def starts(self, tell: Callable[[str], None]) -> dict[str, list[Start]]:
        """By what was started: those of all rounds.

        Args:
            tell: is told of each.
        """
        started: dict[str, list[Start]] = {}

        def note(name: str, start: Start) -> None:
            started.setdefault(name, []).append(start)
            tell(f"{name:24} {start}")

        for _ in range(self.rounds):
            for name, code in YARDSTICKS.items():
                note(name, measure([sys.executable, "-c", code + _SAYS_AGE]))
            with tempfile.TemporaryDirectory() as workspace:
                run = ("--workspace", workspace, "--run-id", "1")
                self._prepare(run)
                for stage in self.stages:
                    command = (sys.executable, "-m", "pipeline.node_runner", *run, "--stage", stage)
                    note(stage, measure(command))
                    note(DONE, measure(command, is_done=True))
        return started

    def _prepare(self, run: Sequence[str]) -> None:
        import yaml

        settings = yaml.safe_load(CONFIG.read_text("utf-8"))
        command = [sys.executable, "-m", "pipeline.prepare_run", *run, "--images", str(self.images)]
        command += ["--config", json.dumps(settings), "--overrides", json.dumps(OVERRIDES)]
        measure([*command, "--stages", ",".join(STAGES)], is_done=True)


def as_markdown(starts: Mapping[str, Sequence[Start]]) -> list[str]:
    """A table of medians, with ratios of processor seconds to those of the yardsticks."""
    lines = [
        f"| | to the first line, s | CPU, s | CPU ÷ {TFX} | CPU ÷ {LAUNCHER} | whole process, s | CPU, s |",
        "|---|--:|--:|--:|--:|--:|--:|",
    ]
    tfx, launcher = (_median(starts[name], "first_line_cpu") for name in (TFX, LAUNCHER))
    for name, started in starts.items():
        cpu = _median(started, "first_line_cpu")
        cells = [
            f"{_median(started, 'first_line'):.2f}",
            f"{cpu:.2f}",
            f"{cpu / tfx:.2f}",
            f"{cpu / launcher:.2f}",
            f"{_median(started, 'whole'):.2f}",
            f"{_median(started, 'whole_cpu'):.2f}",
        ]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return lines


def _median(starts: Sequence[Start], figure: str) -> float:
    return statistics.median(getattr(start, figure) for start in starts)


def main() -> None:
    """Measures, and prints the table as Markdown."""
    parser = argparse.ArgumentParser(description="Measures what starting a stage costs.")
    parser.add_argument("--rounds", type=int, default=3, help="how often everything is measured")
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory() as scratch:
        from pipeline.commands.demo import write_digits

        images = Path(scratch, "digits")
        write_digits(images)
        starts = Bench(images, STAGES, rounds).starts(lambda line: print(line, file=sys.stderr))
    versions = ", ".join(f"{name} {version(name)}" for name in ("tfx", "tensorflow"))
    print(f"# Starting a stage, measured\n\n{versions}, {rounds} rounds (medians)\n")
    print("\n".join(as_markdown(starts)))


if __name__ == "__main__":
    main()
