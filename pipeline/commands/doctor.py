"""`imgclf doctor`: does this machine have what the pipeline needs?"""

from __future__ import annotations

import importlib.metadata
import platform
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from packaging.requirements import Requirement
from rich.console import Console
from rich.markup import escape
from rich.table import Table

Verdict = Literal["ok", "broken", "optional"]

_PYTHONS: Final = ((3, 10), (3, 11))
_MIN_DISK_GIB: Final = 5.0
_MIN_MEMORY_GIB: Final = 4.0
_MARKS: Final = {"ok": "[green]✓[/]", "broken": "[red]✗[/]", "optional": "[yellow]-[/]"}
_SETUP: Final = "make setup"
# Beside the source, in a checkout; an installed wheel has none.
LOCK: Final = Path(__file__).parents[2] / "requirements.lock"


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at.

    Attributes:
        what: its name.
        verdict: `broken` stops the pipeline; `optional` is missing but not needed.
        found: what was found, in words.
        remedy: the command that mends it; empty when nothing needs to be mended.
    """

    what: str
    verdict: Verdict
    found: str
    remedy: str = ""


def doctor(workspace: Path) -> bool:
    """Prints a table of findings; returns whether the pipeline can run here."""
    findings = list(examine(workspace))
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("", "What", "Found", "To mend it"):
        table.add_column(heading, overflow="fold")
    for finding in findings:
        table.add_row(_MARKS[finding.verdict], finding.what, escape(finding.found), escape(finding.remedy))
    Console().print(table)
    return all(finding.verdict != "broken" for finding in findings)


def examine(workspace: Path) -> Iterator[Finding]:
    """Looks at Python, the packages, accelerators, disk, memory and extras; loads none of them."""
    yield _python(sys.version_info[:2])
    yield from (_package(Requirement(text)) for text in _requirements() if ";" not in text)
    if LOCK.is_file():
        yield _pinned(LOCK.read_text("ascii"))
    yield _accelerator()
    yield _disk(workspace)
    yield _memory(Path("/proc/meminfo"))
    yield _extra("kubeflow", "kfp", "compiling for Kubeflow Pipelines")
    yield _server()


def _python(version: tuple[int, ...]) -> Finding:
    found = f"{platform.python_version()} on {platform.system()} {platform.machine()}"
    if version in _PYTHONS and (platform.system(), platform.machine()) == ("Linux", "x86_64"):
        return Finding("Python", "ok", found)
    return Finding(
        "Python", "broken", f"{found}; 3.10 or 3.11 on Linux x86_64 is needed", "make setup PYTHON=3.11"
    )


def _requirements() -> list[str]:
    return importlib.metadata.requires("imgclf") or []


def _package(wanted: Requirement) -> Finding:
    try:
        version = importlib.metadata.version(wanted.name)
    except importlib.metadata.PackageNotFoundError:
        return Finding(wanted.name, "broken", "not installed", _SETUP)
    if wanted.specifier.contains(version, prereleases=True):
        return Finding(wanted.name, "ok", version)
    return Finding(wanted.name, "broken", f"{version}, but {wanted.specifier} is needed", _SETUP)


def _pinned(lock: str) -> Finding:
    """Whether exactly what the lock file pins for this Python is installed."""
    pins = [Requirement(line.removesuffix("\\").strip()) for line in lock.splitlines() if line[:1].isalnum()]
    wanted = [pin for pin in pins if pin.marker is None or pin.marker.evaluate()]
    wrong = [finding.what for finding in map(_package, wanted) if finding.verdict != "ok"]
    if not wrong:
        return Finding("Pinned stack", "ok", f"{len(wanted)} packages as in {LOCK.name}")
    named = ", ".join(wrong[:3]) + (", …" if len(wrong) > 3 else "")
    found = f"{len(wrong)} of {len(wanted)} packages not as in {LOCK.name}: {named}"
    return Finding("Pinned stack", "broken", found, f"touch {LOCK.name} && {_SETUP}")


def _accelerator() -> Finding:
    devices = sorted(Path("/dev").glob("nvidia[0-9]*"))
    if not devices:
        return Finding("Accelerator", "optional", "no NVIDIA GPU; training runs on the CPU")
    try:
        cuda = importlib.metadata.version("nvidia-cudnn-cu12")
    except importlib.metadata.PackageNotFoundError:
        return Finding(
            "Accelerator",
            "optional",
            f"{len(devices)} GPU, which TensorFlow cannot use without the gpu extra",
            "uv pip install --python .venv -e '.[gpu]'",
        )
    return Finding("Accelerator", "ok", f"{len(devices)} GPU, cuDNN {cuda}")


def _disk(workspace: Path) -> Finding:
    folder = next(
        parent for parent in (workspace.absolute(), *workspace.absolute().parents) if parent.exists()
    )
    free = shutil.disk_usage(folder).free / 2**30
    if free >= _MIN_DISK_GIB:
        return Finding("Disk", "ok", f"{free:.1f} GiB free at {folder}")
    return Finding(
        "Disk",
        "broken",
        f"{free:.1f} GiB free at {folder}, {_MIN_DISK_GIB:g} are needed",
        "imgclf run --workspace DIR-ON-A-LARGER-DISK",
    )


def _memory(meminfo: Path) -> Finding:
    lines = dict(line.split(":", 1) for line in meminfo.read_text("ascii").splitlines())
    free = int(lines["MemAvailable"].split()[0]) / 2**20
    if free >= _MIN_MEMORY_GIB:
        return Finding("Memory", "ok", f"{free:.1f} GiB available")
    return Finding(
        "Memory",
        "broken",
        f"{free:.1f} GiB available, {_MIN_MEMORY_GIB:g} are needed",
        "imgclf run --set training.cache_gib=0.5",
    )


def _extra(extra: str, package: str, purpose: str) -> Finding:
    wanted = [each for each in map(Requirement, _requirements()) if each.name == package]
    if not any(each.marker is None or each.marker.evaluate({"extra": extra}) for each in wanted):
        found = f"not for Python {platform.python_version()}; for {purpose}"
        return Finding(f"Extra {extra}", "optional", found, "rm -r .venv && make setup PYTHON=3.11")
    try:
        version = importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        remedy = f"uv pip install --python .venv -e '.[{extra}]'"
        return Finding(f"Extra {extra}", "optional", f"not installed; for {purpose}", remedy)
    return Finding(f"Extra {extra}", "ok", f"{package} {version}")


def _server() -> Finding:
    path = shutil.which("tensorflow_model_server")
    if path is None:
        return Finding(
            "TensorFlow Serving", "optional", "not on the PATH; imgclf serve uses its embedded server"
        )
    return Finding("TensorFlow Serving", "ok", path)
