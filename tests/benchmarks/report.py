"""The benchmark's tables, in Markdown."""

from __future__ import annotations

import os
import platform
import re
import statistics
from collections.abc import Iterable, Sequence
from importlib.metadata import version
from pathlib import Path

from tests.benchmarks.measurement import Measurement

_OURS = "imgclf_ingest"
_MIB = 2**20


def describe_setting(originals: Sequence[tuple[str, bytes]], copies: int, *, real: bool) -> dict[str, str]:
    """What was measured, on what: versions, machine, images."""
    size = statistics.mean(len(data) for _, data in originals) / 1024
    kind = f"{'photographs' if real else 'made-up JPEGs'} of {size:.0f} KiB on average"
    installed = (f"{name} {version(name)}" for name in ("tensorflow", "apache-beam", "tfx", "pillow"))
    return {
        "images": f"{len(originals):,} {kind}, {copies} copies of each, page cache warm",
        "machine": f"{_processor()}, {len(os.sched_getaffinity(0))} of {os.cpu_count()} cores",
        "ours": f"Python {platform.python_version()}, " + ", ".join(installed),
        "peers": ", ".join(_peer_versions()),
    }


def as_markdown(results: dict[str, list[Measurement]], setting: dict[str, str]) -> str:
    """One section a part of the benchmark that was run."""
    lines = ["# Ingest, measured", "", *(f"- {name}: {text}" for name, text in setting.items())]
    if "write" in results:
        lines += ["", "## Folder to records, no image decoded", "", *_race(results["write"])]
    if "verify" in results:
        lines += ["", "## Every image verified, against decoding alone", "", *_race(results["verify"])]
    if "memory-1x" in results:
        lines += ["", "## Peak memory, MiB", "", *_memory(results["memory-1x"], results["memory-10x"])]
    if "first" in results:
        lines += ["", "## One file of a hundred changed", "", *_rerun(results["first"], results["again"])]
    if "many" in results:
        lines += ["", "## Many small images", "", *_many(results["many"][0])]
    return "\n".join(lines)


def _race(measured: Sequence[Measurement]) -> list[str]:
    """Everybody's figures, and how much faster ours is than each.

    Of times it shows the median and the range, of ratios that of the medians
    and the range of the rounds' own; the fixed cost is part of the seconds.
    """
    by_contestant: dict[str, list[Measurement]] = {}
    for one in measured:
        by_contestant.setdefault(one.contestant, []).append(one)
    (ours,) = (runs for name, runs in by_contestant.items() if name.startswith(_OURS))
    rows = []
    for name, runs in sorted(by_contestant.items(), key=lambda item: _seconds(item[1])):
        one = runs[0]
        ratios = [other.seconds / our.seconds for our, other in zip(ours, runs, strict=True)]
        rows.append(
            (
                name,
                f"{one.images / _seconds(runs):,.0f}",
                f"{_seconds(runs):.2f} ({_range(run.seconds for run in runs)})",
                f"{statistics.median(run.fixed_seconds for run in runs):.2f}",
                f"{statistics.median(run.cpu_seconds for run in runs) / one.images * 1e6:.0f}",
                f"{one.record_bytes_written / one.bytes_read:.4f}" if one.record_bytes_written else "–",
                f"{one.bytes_written / one.bytes_read:.4f}" if one.bytes_written else "–",
                f"{_seconds(runs) / _seconds(ours):.2f} ({_range(ratios)})",
            )
        )
    header = (
        "contestant",
        "images/s",
        "seconds",
        "fixed cost, s",
        "CPU µs an image",
        "TFRecord bytes written / read",
        "all bytes written / read",
        "ours is × faster",
    )
    return _table(header, rows)


def _memory(small: Sequence[Measurement], large: Sequence[Measurement]) -> list[str]:
    header = ("contestant", "after imports", f"{small[0].images:,} images", f"{large[0].images:,} images")
    rows = [
        (
            one.contestant,
            f"{one.bytes_after_imports / _MIB:.0f}",
            f"{one.bytes_at_peak / _MIB:.0f}",
            f"{ten.bytes_at_peak / _MIB:.0f}",
        )
        for one, ten in zip(small, large, strict=True)
    ]
    return _table(header, rows)


def _rerun(first: Sequence[Measurement], again: Sequence[Measurement]) -> list[str]:
    ratios = [two.seconds / one.seconds for one, two in zip(first, again, strict=True)]
    row = (
        f"{_seconds(first):.2f} ({_range(run.seconds for run in first)})",
        f"{_seconds(again):.2f} ({_range(run.seconds for run in again)})",
        f"{_seconds(again) / _seconds(first):.1%} ({min(ratios):.1%}–{max(ratios):.1%})",
    )
    return _table(("first run, seconds", "second run, seconds", "second / first"), [row])


def _many(one: Measurement) -> list[str]:
    header = ("images", "KiB each", "seconds", "images/s", "MiB after imports", "MiB at peak")
    row = (
        f"{one.images:,}",
        f"{one.bytes_read / one.images / 1024:.1f}",
        f"{one.seconds:.1f}",
        f"{one.images / one.seconds:,.0f}",
        f"{one.bytes_after_imports / _MIB:.0f}",
        f"{one.bytes_at_peak / _MIB:.0f}",
    )
    return _table(header, [row])


def _seconds(runs: Sequence[Measurement]) -> float:
    return statistics.median(run.seconds for run in runs)


def _range(values: Iterable[float]) -> str:
    ordered = sorted(values)
    return f"{ordered[0]:.2f}–{ordered[-1]:.2f}"


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    rule = ["---", *("--:" for _ in header[1:])]
    return ["| " + " | ".join(row) + " |" for row in (header, rule, *rows)]


def _processor() -> str:
    found = re.search(r"^model name\s*: (.+)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    return found.group(1) if found else platform.machine()


def _peer_versions() -> list[str]:
    """The peers with their versions, as they are locked."""
    folder = Path(__file__).parent
    wanted = re.findall(r"^[a-z][\w-]*", (folder / "peers.in").read_text(), re.MULTILINE)
    locked = dict(re.findall(r"^([a-z][\w-]*)==(\S+)", (folder / "peers.lock").read_text(), re.MULTILINE))
    return [f"{name} {locked[name]}" for name in wanted]
