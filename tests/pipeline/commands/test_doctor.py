from __future__ import annotations

import importlib.metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from pipeline.commands import doctor
from tests.e2e.command_line import imgclf


def test_this_machine_is_fit() -> None:
    done = imgclf("doctor")
    assert done.returncode == 0, done.stdout
    for what in (
        "Python",
        "tfx",
        "tensorflow",
        "apache-beam",
        "Disk",
        "Memory",
        "Accelerator",
        "Extra kubeflow",
    ):
        assert what in done.stdout
    assert "✗" not in done.stdout


def test_a_missing_and_a_wrong_package_are_broken_with_a_remedy() -> None:
    missing = doctor._package(Requirement("no-such-package==1.0"))
    assert (missing.verdict, missing.found, missing.remedy) == ("broken", "not installed", "make setup")
    wrong = doctor._package(Requirement("tensorflow==1.15"))
    assert wrong.verdict == "broken"
    assert "==1.15 is needed" in wrong.found


def test_another_python_is_broken() -> None:
    assert doctor._python((3, 13)).verdict == "broken"
    assert doctor._python((3, 11)).verdict == "ok"


@pytest.mark.parametrize(
    ("marker", "found"), [("python_version < '3'", "not for Python 3."), ("python_version > '3'", "kfp ")]
)
def test_an_extra_that_is_not_for_this_python(
    monkeypatch: pytest.MonkeyPatch, marker: str, found: str
) -> None:
    monkeypatch.setattr(doctor, "_requirements", lambda: [f"kfp>=2; {marker} and extra == 'kubeflow'"])
    finding = doctor._extra("kubeflow", "kfp", "compiling")
    assert finding.found.startswith(found)
    assert ("PYTHON=3.11" in finding.remedy) == ("not" in found)


@pytest.mark.parametrize(("available_kib", "verdict"), [(1 * 2**20, "broken"), (8 * 2**20, "ok")])
def test_memory(tmp_path: Path, available_kib: int, verdict: str) -> None:
    (tmp_path / "meminfo").write_text(f"MemTotal: 99 kB\nMemAvailable:  {available_kib} kB\n")
    assert doctor._memory(tmp_path / "meminfo").verdict == verdict


def test_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert doctor._disk(tmp_path / "not" / "there" / "yet").found.endswith(str(tmp_path))
    monkeypatch.setattr(doctor, "_MIN_DISK_GIB", 1e9)
    assert doctor._disk(tmp_path).verdict == "broken"


def test_the_pinned_stack_is_compared_package_by_package() -> None:
    version = importlib.metadata.version("tensorflow")
    lock = (
        f"tensorflow=={version} ; sys_platform == 'linux' \\\n    --hash=sha256:00\n"
        "keras==0.1 \\\n    --hash=sha256:00\n"
    )
    finding = doctor._pinned(lock + "no-such==1 ; sys_platform == 'win32' \\\n")
    assert finding.verdict == "broken"
    assert "1 of 2 packages not as in requirements.lock: keras" in finding.found
    assert doctor._pinned(lock.split("keras")[0]).verdict == "ok"
