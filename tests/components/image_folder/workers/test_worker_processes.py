"""Worker processes: the same bytes come out, errors come back, and nothing stays behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import apache_beam as beam
import pytest

from components.image_folder.executor import ingest
from components.image_folder.files.list_images import list_images
from components.image_folder.settings import DataSettings
from components.image_folder.workers import work_units, worker_processes
from components.image_folder.workers.distant_units import OnDistantBeam
from components.image_folder.workers.unit_dealers import InThisProcess, OnBeam, UnitDealer
from components.image_folder.workers.worker_processes import WorkerDiedError, WorkerProcesses
from tests import hazard_images as hazards


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Some that only TensorFlow decodes, a damaged one, copies, and near-duplicates that change splits."""
    root = tmp_path_factory.mktemp("images")
    for label, first in (("a", 0), ("b", 100)):
        (root / label).mkdir()
        for number in range(24):
            (root / label / f"{number}.jpg").write_bytes(hazards.jpeg(first + number, (96, 72)))
            (root / label / f"{number}.png").write_bytes(hazards.png(first + 50 + number, (96, 72)))
        for number in range(4):
            (root / label / f"copy{number}.jpg").write_bytes(hazards.jpeg(first + number, (96, 72)))
            near = hazards.near_duplicates(first + 10 + number, (96, 72))["compressed"]
            (root / label / f"near{number}.jpg").write_bytes(near)
    (root / "a" / "cmyk.jpg").write_bytes(hazards.cmyk_jpeg(1))
    (root / "b" / "cut.jpg").write_bytes(hazards.truncated_jpeg(2))
    (root / "b" / "cut.png").write_bytes(hazards.corrupt_png(3))
    return root


def _files(images: Path, output: Path, dealer: UnitDealer) -> dict[str, bytes]:
    settings = DataSettings(images=str(images))
    listing = list_images(settings)
    report = ingest(listing, settings, listing.labels, output, dealer)
    report.write(output / "report.json")
    return {
        path.relative_to(output).as_posix(): path.read_bytes() for path in output.rglob("*") if path.is_file()
    }


def test_whoever_does_the_work_the_same_bytes_come_out(
    images: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(work_units, "MAX_UNIT_FILES", 16)
    here = _files(images, tmp_path / "here", InThisProcess())
    assert len([name for name in here if name.startswith("manifest/")]) == 8
    assert here["report.json"].count(b'"corrupt"') == 3  # counted once, and told of twice
    with WorkerProcesses(2) as workers:
        assert _files(images, tmp_path / "workers", workers) == here
        # The same processes do the next folder.
        assert _files(images, tmp_path / "again", workers) == here
    assert [worker._process.poll() for worker in workers._workers] == [-signal.SIGKILL] * 2
    assert _files(images, tmp_path / "beam", OnBeam(beam.Pipeline)) == here
    distant = OnDistantBeam(beam.Pipeline, str(tmp_path / "store"))
    assert _files(images, tmp_path / "distant", distant) == here


def test_an_error_in_a_worker_comes_back_with_where_it_came_from(tmp_path: Path) -> None:
    with WorkerProcesses(2) as workers, pytest.raises(FileNotFoundError) as raised:
        workers.do("write", tmp_path, [0, 1, 2, 3, 4])  # there is no plan
    assert "unit_work.py" in str(raised.value.__cause__)


def test_a_worker_that_is_killed_is_no_riddle(tmp_path: Path) -> None:
    with WorkerProcesses(2) as workers:
        with pytest.raises(FileNotFoundError):
            workers.do("write", tmp_path, [0, 1])
        with pytest.raises(WorkerDiedError, match="ended with status -9: it was killed, perhaps"):
            workers.do("write", tmp_path, [0, 1])


def test_what_lies_in_the_current_folder_or_prints_does_no_harm(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A user may have a file that is called like a module; and interpreters may print when they start."""
    for name in ("pickle.py", "queue.py", "signal.py"):
        (tmp_path / name).write_text("raise SystemExit('the wrong module')")
    (tmp_path / "components").mkdir()
    (tmp_path / "components" / "__init__.py").touch()
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "usercustomize.py").write_text("print('hello')")
    (tmp_path / "site" / "sitecustomize.py").write_text("print('hello')")
    monkeypatch.setattr(sys, "path", [folder or str(Path.cwd()) for folder in sys.path])
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "site"))
    monkeypatch.chdir(tmp_path)
    with WorkerProcesses(2) as workers, pytest.raises(FileNotFoundError, match="00000.pickle"):
        workers.do("write", tmp_path, [0, 1])


def test_an_error_of_the_decoder_here_is_no_riddle_either(
    images: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(_: object) -> None:
        raise EOFError("of all things")

    monkeypatch.setattr(work_units, "MAX_UNIT_FILES", 16)
    monkeypatch.setattr(worker_processes, "decode_with_tensorflow", fails)
    with WorkerProcesses(2) as workers, pytest.raises(EOFError, match="of all things"):
        _files(images, tmp_path / "out", workers)


def test_a_worker_does_not_load_what_takes_long(tmp_path: Path) -> None:
    heavy = ("tensorflow", "apache_beam", "tfx", "pydantic", "numpy", "PIL")
    code = "import sys, components.image_folder.workers.unit_worker; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert set(loaded.split()).isdisjoint(heavy)


SCRIPT = """
import subprocess, sys, time
from pathlib import Path
from components.image_folder.workers.worker_processes import WorkerProcesses

with WorkerProcesses(2) as workers:
    try:
        workers.do("write", Path("nowhere"), [0, 1])
    except FileNotFoundError:
        pass
    workers._start(4)  # two more than the error has ended
    print(*(worker._process.pid for worker in workers._workers), flush=True)
    time.sleep(300)
"""


def _runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def _ignores_interrupts(pid: int) -> bool:
    status = Path(f"/proc/{pid}/status").read_text()
    ignored = int(status.partition("SigIgn:")[2].split()[0], 16)
    return bool(ignored >> (signal.SIGINT - 1) & 1)


def _wait_for(reached: Callable[[], bool]) -> None:
    for _ in range(1200):
        if reached():
            return
        time.sleep(0.1)
    raise AssertionError("not within two minutes")


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGINT])
def test_workers_end_with_the_process_that_started_them(end: signal.Signals) -> None:
    starter = subprocess.Popen(
        [sys.executable, "-c", SCRIPT], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    assert starter.stdout is not None
    workers = [int(pid) for pid in starter.stdout.readline().split()]
    assert len(workers) == 4
    running = [pid for pid in workers if _runs(pid)]
    assert len(running) == 2
    for pid in running:
        _wait_for(lambda pid=pid: _ignores_interrupts(pid))  # it is ready
        os.kill(pid, signal.SIGSTOP)  # as good as busy: it will not notice anything by itself
    starter.send_signal(end)
    starter.communicate(timeout=120)
    _wait_for(lambda: not any(map(_runs, workers)))
