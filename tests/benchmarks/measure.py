"""Measures one contestant in this process; `run` starts such a process and waits for it."""

from __future__ import annotations

import argparse
import contextlib
import importlib
import json
import os
import shutil
import subprocess
import threading
import time
from dataclasses import asdict
from pathlib import Path

from tests.benchmarks.measurement import Measurement


class ContestantFailedError(Exception):
    """A contestant's process ended with an error; the text is the end of what it wrote."""


def run(
    python: Path,
    contestant: str,
    images: Path,
    warm_up: Path,
    output: Path,
    previous: Path | None = None,
    *,
    rehearse: bool = False,
) -> Measurement:
    """Measures a contestant in a process of its own.

    Args:
        python: interpreter of the environment that the contestant lives in.
        contestant: module:function in tests.benchmarks.contestants.
        images: folder of class folders to work on.
        warm_up: a small folder of the same kind.
        output: removed, then written to.
        previous: output of an earlier run, for contestants that can reuse it.
        rehearse: whether to do all of the work once before, so that the machine has found the memory for it.

    Raises:
        ContestantFailedError: it did not finish.
    """
    shutil.rmtree(output, ignore_errors=True)
    os.sync()  # so that writing back what others left does not cost this one
    command = [python, "-m", __name__, contestant, images, warm_up, output, previous or "", int(rehearse)]
    finished = subprocess.run(
        [str(part) for part in command],
        cwd=Path(__file__).parents[2],
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": ""},
        capture_output=True,
        text=True,
    )
    if finished.returncode:
        raise ContestantFailedError(f"{contestant}: …{finished.stderr[-2000:]}")
    return Measurement(**json.loads(finished.stdout.splitlines()[-1]))


def _measure(
    contestant: str, images: Path, warm_up: Path, output: Path, previous: Path | None, rehearse: bool
) -> Measurement:
    module, function = contestant.split(":")
    work = getattr(importlib.import_module(f"tests.benchmarks.contestants.{module}"), function)
    after_imports = _memory("VmRSS")

    work(warm_up, output / "warm-up")  # loads and compiles what only the first call does
    start = time.perf_counter()
    work(warm_up, output / "fixed")
    fixed_seconds = time.perf_counter() - start

    reuse = {"previous": previous} if previous else {}
    if rehearse:
        work(images, output / "rehearsal", **reuse)
        shutil.rmtree(output / "rehearsal", ignore_errors=True)  # some write nothing
        os.sync()
    Path("/proc/self/clear_refs").write_text("5")  # the peak is counted from here on
    children = _ChildrenMemory()
    start, cpu_start = time.perf_counter(), _cpu_seconds()
    work(images, output / "out", **reuse)
    seconds, cpu_seconds = time.perf_counter() - start, _cpu_seconds() - cpu_start
    children.stop()

    written = _files(output / "out")
    return Measurement(
        contestant=contestant,
        images=len(_files(images)),
        bytes_read=_total_bytes(_files(images)),
        seconds=seconds,
        cpu_seconds=cpu_seconds,
        fixed_seconds=fixed_seconds,
        bytes_after_imports=after_imports,
        bytes_at_peak=_memory("VmHWM") + children.bytes_at_peak,
        bytes_written=_total_bytes(written),
        record_bytes_written=_total_bytes([path for path in written if ".tfrecord" in path.name]),
    )


def _files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def _total_bytes(files: list[Path]) -> int:
    return sum(path.stat().st_size for path in files)


def _cpu_seconds() -> float:
    """User and system time of this process and of the children that it has waited for."""
    return sum(os.times()[:4])


class _ChildrenMemory:
    """Watches how much memory this process' children take at most, looking now and then."""

    def __init__(self) -> None:
        self._peaks: dict[str, int] = {}
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    @property
    def bytes_at_peak(self) -> int:
        """The sum of all children's peaks, as if they had come at the same time."""
        return sum(self._peaks.values())

    def stop(self) -> None:
        """Stops watching."""
        self._done.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._done.wait(0.25):
            for task in Path("/proc/self/task").iterdir():
                # A task, or a child, may have ended since it was listed.
                with contextlib.suppress(OSError):
                    for child in (task / "children").read_text().split():
                        self._peaks[child] = _memory("VmHWM", child)


def _memory(field: str, process: str = "self") -> int:
    """A field of a process' memory, in bytes.

    `ru_maxrss` would not do: it is handed down through fork and exec, so that
    no process shows less than the one that started it.
    """
    for line in Path(f"/proc/{process}/status").read_text().splitlines():
        if line.startswith(f"{field}:"):
            return int(line.split()[1]) * 1024
    raise OSError(f"no {field} in /proc/{process}/status")


def _main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("contestant")
    for folder in ("images", "warm_up", "output"):
        parser.add_argument(folder, type=Path)
    parser.add_argument("previous", type=lambda value: Path(value) if value else None)
    parser.add_argument("rehearse", type=lambda value: bool(int(value)))
    measurement = _measure(**vars(parser.parse_args()))
    print("\n" + json.dumps(asdict(measurement)))  # on a line of its own, whatever was printed before


if __name__ == "__main__":
    _main()
