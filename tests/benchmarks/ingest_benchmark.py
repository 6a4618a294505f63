"""What ingest costs, beside its peers: `make bench-ingest`, or `python -m tests.benchmarks.ingest_benchmark`.

Ratios are what counts: all contestants work on the same files, on the same
two cores, in turns (A B C, A B C, …), each time in a process of its own that
has imported everything and, where contestants are compared, done all of the
work once before its clock starts.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path

from tests.benchmarks import corpus, measure, report
from tests.benchmarks.measurement import Measurement

OURS_UNVERIFIED = "imgclf_ingest:without_verification"
OURS_VERIFIED = "imgclf_ingest:with_verification"
PEERS = (
    "tfds_builder:defaults",
    "tfds_builder:fastest",
    "webdataset_tar:one_process",
    "webdataset_tar:two_processes",
    "mosaic_mds:one_process",
    "mosaic_mds:two_processes",
    "img2dataset_urls:fastest",
)
DECODERS = ("tf_decode:tf_data", "tf_decode:thread_pool")
PEERS_PYTHON = Path(__file__).parents[2] / ".venv-peers" / "bin" / "python"

_CORES = 2
_COPIES = 20
_FEWER_COPIES = 2


@dataclass
class Bench:
    """Where things lie, how often they are measured, and what was measured so far.

    Attributes:
        folder: holds the corpora and everybody's output: one file system for all.
        originals: class and bytes of the images that the corpora are made of.
        rounds: how often everything is measured.
        peers: whether the peers' environment is there.
        results: measurements by the part of the benchmark that they belong to.
    """

    folder: Path
    originals: list[tuple[str, bytes]]
    rounds: int
    peers: bool = True
    results: dict[str, list[Measurement]] = field(default_factory=dict)

    def corpus(self, copies: int) -> Path:
        """The folder of that many copies of each original, made at the first call."""
        root = self.folder / f"copies-{copies}"
        if not root.exists():
            corpus.write_copies(root, self.originals, copies)
        return root

    def run(
        self,
        part: str,
        contestant: str,
        images: Path,
        previous: Path | None = None,
        *,
        rehearse: bool = False,
    ) -> Measurement:
        """Measures a contestant once, and says so on standard error."""
        warm_up = self.folder / "warm-up"
        if not warm_up.exists():
            # Few, but enough that no split stays empty.
            corpus.write_copies(warm_up, self.originals[:: max(1, len(self.originals) // 20)], copies=5)
        python = PEERS_PYTHON if contestant in PEERS else Path(sys.executable)
        output = self.folder / f"output-{part}"
        measured = measure.run(python, contestant, images, warm_up, output, previous, rehearse=rehearse)
        print(f"{part:12} {contestant:36} {measured.seconds:8.2f} s", file=sys.stderr)
        self.results.setdefault(part, []).append(measured)
        return measured


def write(bench: Bench) -> None:
    """Ours without verification, and the peers."""
    _in_turns(bench, "write", (OURS_UNVERIFIED, *(PEERS if bench.peers else ())))


def verify(bench: Bench) -> None:
    """Ours with verification, and nothing but decoding."""
    _in_turns(bench, "verify", (OURS_VERIFIED, *DECODERS))


def memory(bench: Bench) -> None:
    """Ours on some images, and on ten times as many."""
    for contestant in (OURS_UNVERIFIED, OURS_VERIFIED):
        bench.run("memory-1x", contestant, bench.corpus(_FEWER_COPIES))
        bench.run("memory-10x", contestant, bench.corpus(_COPIES))


def rerun(bench: Bench) -> None:
    """Ours, and ours again after one file of a hundred has changed."""
    images = bench.folder / "changing"
    corpus.write_copies(images, bench.originals, _COPIES)
    for number in range(bench.rounds):
        bench.run("first", OURS_VERIFIED, images, rehearse=True)
        corpus.change(images, every=100, comment=f"round {number}")
        bench.run(
            "again", OURS_VERIFIED, images, previous=bench.folder / "output-first" / "out", rehearse=True
        )


def many(bench: Bench) -> None:
    """100,000 small images of 1,000 classes, listed and ingested with verification, once."""
    images = bench.folder / "many"
    corpus.write_small_images(images, classes=1000, images=100)
    bench.run("many", OURS_VERIFIED, images)


PARTS: dict[str, Callable[[Bench], None]] = {
    part.__name__: part for part in (write, verify, memory, rerun, many)
}


def _in_turns(bench: Bench, part: str, contestants: tuple[str, ...]) -> None:
    images = bench.corpus(_COPIES)
    for _ in range(bench.rounds):
        for contestant in contestants:
            bench.run(part, contestant, images, rehearse=True)


def main() -> None:
    """Runs the parts asked for and prints their tables."""
    parser = argparse.ArgumentParser(description="Measures ingest beside its peers.")
    parser.add_argument(
        "parts", nargs="*", metavar="PART", help=f"of {', '.join(PARTS)}; all but many if none"
    )
    parser.add_argument("--rounds", type=int, default=3, help="how often everything is measured")
    parser.add_argument("--json", type=Path, help="file to write every single measurement to")
    arguments = parser.parse_args()
    parts = arguments.parts or [name for name in PARTS if name != "many"]
    if unknown := set(parts) - PARTS.keys():
        parser.error(f"there is no part {', '.join(sorted(unknown))}")
    peers = PEERS_PYTHON.exists()
    if "write" in parts and not peers:
        print(
            "The peers are not installed, so ours runs alone: `make bench-ingest` sets them up.",
            file=sys.stderr,
        )

    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:_CORES])
    source = os.environ.get("IMGCLF_TEST_IMAGES")
    originals = corpus.photographs(Path(source) if source else None)
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(Path(folder), originals, arguments.rounds, peers)
        for part in parts:
            PARTS[part](bench)
    setting = report.describe_setting(originals, _COPIES, real=source is not None)
    print(report.as_markdown(bench.results, setting))
    if arguments.json:
        results = {part: [asdict(one) for one in measured] for part, measured in bench.results.items()}
        arguments.json.write_text(json.dumps({"setting": setting, "results": results}, indent=1) + "\n")


if __name__ == "__main__":
    main()
