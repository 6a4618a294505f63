"""Stages on a Flink cluster come to what they come to in process, though a part of the cluster is lost."""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import get_args

import apache_beam as beam
import pytest
from apache_beam.options.pipeline_options import PipelineOptions
from PIL import Image

from components.image_folder.executor import ingest
from components.image_folder.files.list_images import list_images
from components.image_folder.settings import DataSettings
from components.image_folder.workers.unit_dealers import InThisProcess, OnBeam
from components.image_folder.workers.work_units import MAX_UNIT_FILES
from pipeline.nodes.beam_options import beam_options
from pipeline.settings.beam_settings import BeamSettings, BeamStage, PortableSettings
from tests.cluster.flink_cluster import FlinkCluster, await_true
from tests.cluster.whole_run import WholeRun, files, overrides, run_imgclf

IMAGES, WEIGHTS = os.environ.get("IMGCLF_TEST_IMAGES"), os.environ.get("IMGCLF_TEST_WEIGHTS")
INGEST_JOB, STATISTICS_JOB, EVALUATOR_JOB = (
    f"imgclf-{stage.lower()}" for stage in ("ImageFolderExampleGen", "StatisticsGen", "Evaluator")
)

pytestmark = pytest.mark.cluster


def run(workspace: Path, *settings: str) -> WholeRun:
    if not (IMAGES and WEIGHTS):
        pytest.skip("IMGCLF_TEST_IMAGES and IMGCLF_TEST_WEIGHTS do not name the photographs and the weights")
    training = "training={phases: [{train: head, epochs: 2}], deterministic: true}"
    words = overrides(f"model.weights={WEIGHTS}", "evaluation.min_accuracy=0.6", training, *settings)
    return run_imgclf(IMAGES, workspace, "--config", "pipeline/configs/cats-dogs.yaml", *words)


@pytest.fixture(scope="module")
def flink(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FlinkCluster]:
    installed = os.environ.get("IMGCLF_TEST_FLINK")
    if not installed:
        pytest.fail("IMGCLF_TEST_FLINK does not name Flink; `make test-cluster` installs it")
    with FlinkCluster(Path(installed), tmp_path_factory.mktemp("flink"), task_managers=3) as cluster:
        yield cluster


@pytest.fixture(scope="module")
def in_process(tmp_path_factory: pytest.TempPathFactory) -> WholeRun:
    return run(tmp_path_factory.mktemp("in_process"))


@pytest.fixture(scope="module")
def killed() -> list[str | None]:
    """Task managers that were killed during the run."""
    return []


@pytest.fixture(scope="module")
def on_flink(
    flink: FlinkCluster, killed: list[str | None], tmp_path_factory: pytest.TempPathFactory
) -> WholeRun:
    here = f"{{job_server: '{flink.job_server}', worker_pool: '{flink.worker_pool}'}}"
    with one_killed(flink, STATISTICS_JOB, lambda: True, killed):
        return run(tmp_path_factory.mktemp("on_flink"), "beam.runner=flink", f"beam.flink={here}")


@contextmanager
def one_killed(
    flink: FlinkCluster, job: str, ready: Callable[[], bool], killed: list[str | None]
) -> Iterator[None]:
    """Kills a task manager that works on a job, once it does and `ready` says so."""

    def kill() -> bool:
        if ready() and (name := flink.kill_one_at_work(job)):
            killed.append(name)
        return bool(killed)

    killer = threading.Thread(target=await_true, args=(kill, lambda: f"nobody worked on {job}", 240))
    killer.start()
    yield
    killer.join()


def outlived(flink: FlinkCluster, killed: list[str | None]) -> None:
    """Checks that the job manager missed the task manager, and that the job went on without it."""
    (name,) = killed
    log = (flink.logs / "job-manager").read_text()
    lost = log.index(f"TaskManager with id {name}")
    restarting = log.index("switched from state RUNNING to RESTARTING", lost)
    assert log.index("switched from state RESTARTING to RUNNING", restarting)


def test_ingest_in_parts_comes_to_the_same_though_a_task_manager_is_killed(
    flink: FlinkCluster, tmp_path: Path
) -> None:
    write_dots(tmp_path / "images", 2 * MAX_UNIT_FILES + 100)
    settings = DataSettings(images=str(tmp_path / "images"))
    listing = list_images(settings)
    options = beam_options(
        BeamSettings(
            runner="flink", flink=PortableSettings(job_server=flink.job_server, worker_pool=flink.worker_pool)
        ),
        "ImageFolderExampleGen",
    )
    on_beam = OnBeam(lambda: beam.Pipeline(options=PipelineOptions(options)))
    here, there = tmp_path / "here", tmp_path / "there"
    ingest(listing, settings, listing.labels, here, InThisProcess())
    killed: list[str | None] = []
    with one_killed(flink, INGEST_JOB, lambda: any(there.glob("plan/*.partial")), killed):
        ingest(listing, settings, listing.labels, there, on_beam)
    outlived(flink, killed)
    shards = [name for name in files(here) if name.endswith(".tfrecord")]
    assert len(shards) == 3 * 4
    assert files(here) == files(there)


def write_dots(folder: Path, count: int) -> None:
    """Two classes of pictures of 16 pixels, no two of them alike."""
    for number in range(count):
        path = folder / "ab"[number % 2] / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.frombytes("RGB", (4, 4), hashlib.sha384(str(number).encode()).digest()).save(path)


def test_stages_ran_on_the_cluster(flink: FlinkCluster, on_flink: WholeRun) -> None:
    # Transform has nothing to compute over the images, so TFX asks no engine for it.
    jobs = {INGEST_JOB: "FINISHED", STATISTICS_JOB: "FINISHED", EVALUATOR_JOB: "FINISHED"}
    assert flink.jobs() == jobs
    ran = {stage["name"] for stage in on_flink.summary["stages"] if stage["status"] == "ran"}
    assert set(get_args(BeamStage)) <= ran


def test_the_run_outlived_the_task_manager_that_was_killed(
    flink: FlinkCluster, on_flink: WholeRun, killed: list[str | None]
) -> None:
    outlived(flink, killed)


def test_shards_and_manifests_have_the_same_bytes(in_process: WholeRun, on_flink: WholeRun) -> None:
    here, there = (each.files("ImageFolderExampleGen", "examples") for each in (in_process, on_flink))
    assert len([name for name in here if name.endswith(".tfrecord")]) >= 3
    # It names the attempt.
    assert here.pop("ingest.json") and there.pop("ingest.json")
    assert here == there
    here, there = (each.files("ImageFolderExampleGen", "data_report") for each in (in_process, on_flink))
    assert here == there


def test_statistics_are_the_same(in_process: WholeRun, on_flink: WholeRun) -> None:
    for split in ("train", "eval", "test"):
        here, there = (each.statistics(split) for each in (in_process, on_flink))
        assert here == pytest.approx(there, rel=1e-12)


def test_the_transform_graph_is_the_same(in_process: WholeRun, on_flink: WholeRun) -> None:
    here, there = (each.files("Transform", "transform_graph") for each in (in_process, on_flink))
    assert here and here == there


def test_the_evaluation_is_the_same(in_process: WholeRun, on_flink: WholeRun) -> None:
    here, there = (each.metrics() for each in (in_process, on_flink))
    assert here is not None and here == there
    assert in_process.summary["status"] == on_flink.summary["status"] == "pushed"
