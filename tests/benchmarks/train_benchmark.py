"""What training costs, beside a plain Keras script: `make bench-train`, or this module.

Both train the same network on the same images with the same schedules, in
turns, each time in a process of its own whose clock starts after the
imports. Of the plain script, the better of XLA on and off counts.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Final

OURS: Final = "imgclf"
PLAIN: Final = "keras"
DECODING: Final = "decoding alone"
_CORES: Final = 2
_COPIES: Final = 3
# Photographs are also read as large as the web and cameras have them: pixels on the shorter side, and of how
# many photographs one is taken.
_LARGER: Final = {1000: 2, 3000: 6}

Figures = dict[str, list[float]]


def work(contestant: str, part: str, folder: Path, weights: str, seed: int) -> dict[str, float]:
    """Does a contestant's part in this process.

    Args:
        contestant: one of the names above.
        part: `train`, `read` or `many`.
        folder: as `training.prepare` wrote it.
        weights: file for MobileNet without its top.
        seed: of everything random.

    Returns:
        Figures by name.
    """
    from tests.benchmarks.training import imgclf_training, keras_script

    if part == "many":
        return imgclf_training.many(folder)
    if part == "train":
        if contestant == OURS:
            return imgclf_training.train(folder, weights, seed)
        return keras_script.train(folder, weights, seed)
    readers: dict[str, Callable[[Path], dict[str, float]]] = {
        OURS: imgclf_training.read,
        PLAIN: keras_script.read,
        DECODING: keras_script.decode,
    }
    # Once before the clock counts: the machine first has to find the memory for it.
    readers[contestant](folder)
    return readers[contestant](folder)


def race(
    contestants: Sequence[str], part: str, folder: Path, weights: str, rounds: int
) -> dict[str, Figures]:
    """Has all contestants do a part, in turns; figures of all rounds by contestant and name."""
    figures: dict[str, Figures] = {contestant: {} for contestant in contestants}
    for seed in range(rounds):
        for contestant in contestants:
            order = json.dumps([contestant, part, str(folder), weights, seed])
            finished = subprocess.run(
                [sys.executable, "-m", __spec__.name, "--work", order],
                cwd=Path(__file__).parents[2],
                env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": ""},
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
                check=True,
            )
            told = json.loads(finished.stdout.splitlines()[-1])
            print(f"{part} {seed} {contestant:16} {told}", file=sys.stderr)
            for name, value in told.items():
                figures[contestant].setdefault(name, []).append(value)
    return figures


def training_table(figures: dict[str, Figures]) -> list[str]:
    """Seconds and accuracies of both phases, and how much faster ours is."""
    lines = [
        "| | frozen, s | fine-tuning, s | accuracy frozen | accuracy in the end |",
        "|---|--:|--:|--:|--:|",
    ]
    for contestant, told in figures.items():
        cells = [f"{_median(told[f'{phase}, seconds']):.1f}" for phase in ("frozen", "fine-tuning")]
        cells += [f"{statistics.mean(told[f'{phase}, accuracy']):.3f}" for phase in ("frozen", "fine-tuning")]
        lines.append(f"| {contestant} | {' | '.join(cells)} |")
    ratios = []
    for phase in ("frozen, seconds", "fine-tuning, seconds"):
        plain = figures[PLAIN][phase]
        rounds = [theirs / ours for theirs, ours in zip(plain, figures[OURS][phase], strict=True)]
        ratios.append(
            f"{_median(plain) / _median(figures[OURS][phase]):.2f} ({min(rounds):.2f}–{max(rounds):.2f})"
        )
    steps = (
        f"{phase} {_median(figures[PLAIN][f'{phase}, ms a step with XLA']):,.0f} ms with XLA, "
        f"{_median(figures[PLAIN][f'{phase}, ms a step']):,.0f} without"
        for phase in ("frozen", "fine-tuning")
    )
    lines.append(f"| **ours is × faster** | {' | '.join(ratios)} | | |")
    return [*lines, "", f"Steps of plain Keras: {'; '.join(steps)}."]


def reading_table(figures: dict[str, Figures]) -> list[str]:
    """Images a second in the first epoch and over all, and the ratios to ours."""
    first, every = "first epoch, images/s", "all epochs, images/s"
    ours = figures[OURS]
    lines = ["| | first epoch, images/s | ten epochs, images/s | ours / this |", "|---|--:|--:|--:|"]
    for contestant, told in figures.items():
        name = every if every in told else first
        ten = f"{_median(told[every]):,.0f}" if every in told else "–"
        ratio = _median(ours[name]) / _median(told[name])
        lines.append(f"| {contestant} | {_median(told[first]):,.0f} | {ten} | {ratio:.2f} |")
    return lines


def _median(values: Sequence[float]) -> float:
    return statistics.median(values)


def main() -> None:
    """Measures, and prints the tables as Markdown."""
    parser = argparse.ArgumentParser(description="Measures training beside a plain Keras script.")
    parser.add_argument("--rounds", type=int, default=3, help="how often everything is measured")
    parser.add_argument("--work", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.work:
        contestant, part, folder, weights, seed = json.loads(arguments.work)
        print(json.dumps(work(contestant, part, Path(folder), weights, seed)))
        return
    images, weights = (os.environ.get(f"IMGCLF_TEST_{name}") for name in ("IMAGES", "WEIGHTS"))
    if not images or not weights:
        parser.error(
            "IMGCLF_TEST_IMAGES has to name a folder of class folders, IMGCLF_TEST_WEIGHTS the weights of "
            "MobileNet (alpha 0.25, 224 px, without the top)"
        )
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:_CORES])
    # Read when TensorFlow is loaded, which notes the end of every dataset.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with tempfile.TemporaryDirectory() as scratch:
        from tests.benchmarks.corpus import photographs, write_copies, write_enlarged
        from tests.benchmarks.training.prepare import prepare, prepare_many

        originals, copies = Path(scratch, "originals"), Path(scratch, "copies")
        larger = {side: Path(scratch, f"larger-{side}") for side in _LARGER}
        prepare(Path(images), originals)
        trained = race((OURS, PLAIN), "train", originals, weights, arguments.rounds)
        # More than a start, in which a graph is traced, takes.
        write_copies(copies / "images", photographs(Path(images)), _COPIES)
        for side, one_of in _LARGER.items():
            write_enlarged(larger[side] / "images", photographs(Path(images))[::one_of], side)
        read = {}
        for folder in (copies, *larger.values()):
            prepare(folder / "images", folder)
            read[folder] = race((OURS, PLAIN, DECODING), "read", folder, weights, arguments.rounds)
        prepare_many(Path(scratch) / "many", 200_000, 32, 10)
        (many,) = race((OURS,), "many", Path(scratch) / "many", weights, 1).values()
    versions = ", ".join(f"{name} {version(name)}" for name in ("tensorflow", "keras"))
    print(f"# Training, measured\n\n{versions}, {_CORES} cores, {arguments.rounds} rounds (medians)\n")
    print("## Both phases\n")
    print("\n".join(training_table(trained)))
    print(f"\n## The input pipeline alone, {_COPIES} pictures made of each photograph\n")
    print("\n".join(reading_table(read[copies])))
    for side, folder in larger.items():
        print(f"\n## The same with larger photographs, {side:,} pixels on the shorter side\n")
        print("\n".join(reading_table(read[folder])))
    print("\n## More pixels than may be in memory\n")
    print(f"| {' | '.join(many)} |\n|{'--:|' * len(many)}")
    print(f"| {' | '.join(f'{value:,.2f}' for (value,) in many.values())} |")


if __name__ == "__main__":
    main()
