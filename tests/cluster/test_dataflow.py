"""Stages on Dataflow come to what they come to in process, though workers see nothing of the workspace."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.cluster.google_cloud.cloud import PROJECT, Bucket, GoogleCloud
from tests.cluster.whole_run import WholeRun, overrides, run_imgclf
from tests.conftest import SETTINGS
from tests.e2e.command_line import BIN, ROOT, run_command, user_environment
from tests.image_files import write_folder

IMAGE = "registry.example.com/imgclf-dataflow:1"
JOBS = ("imgclf-imagefolderexamplegen", "imgclf-statisticsgen", "imgclf-evaluator")

pytestmark = pytest.mark.cluster


@pytest.fixture(scope="module")
def bucket(google: GoogleCloud, tmp_path_factory: pytest.TempPathFactory) -> Bucket:
    bucket = google.bucket("pets")
    folder = write_folder(tmp_path_factory.mktemp("images"), {"across": 40, "down": 40})
    (folder / "down" / "broken.jpg").write_bytes(b"\xff\xd8\xff none")
    bucket.upload_folder(folder, "images")
    return bucket


def on_dataflow(google: GoogleCloud, bucket: Bucket, temp_location: str | None = None) -> list[str]:
    """The words that send stages there."""
    service = {
        "project": PROJECT,
        "region": "europe-west4",
        "temp_location": temp_location or f"{bucket.uri}/tmp",
        "image": IMAGE,
        "max_workers": 1,
    }
    beam = {"runner": "dataflow", "dataflow": service, "options": google.dataflow_options}
    return overrides(f"beam={json.dumps(beam)}")


def run(google: GoogleCloud, bucket: Bucket, name: str, *words: str) -> WholeRun:
    """Runs in a workspace that jobs cannot see."""
    settings = overrides(*SETTINGS, "training.deterministic=true")
    workspace = google.hidden[0] / name
    return run_imgclf(f"{bucket.uri}/images", workspace, *settings, *words, environment=google.environment)


@pytest.fixture(scope="module")
def in_process(google: GoogleCloud, bucket: Bucket) -> WholeRun:
    return run(google, bucket, "in-process")


@pytest.fixture(scope="module")
def there(google: GoogleCloud, bucket: Bucket) -> WholeRun:
    return run(google, bucket, "dataflow", *on_dataflow(google, bucket))


def test_stages_ran_on_dataflow(google: GoogleCloud, there: WholeRun) -> None:
    assert there.summary["status"] == "pushed"
    assert [job.name.rpartition("-")[0] for job in google.jobs] == list(JOBS)
    for job in google.jobs:
        assert job.state == "JOB_STATE_DONE"
        assert job.container_image == IMAGE
        assert job.options["max_num_workers"] == 1
    assert google.unanswered == []


def test_shards_manifests_and_report_have_the_same_bytes(in_process: WholeRun, there: WholeRun) -> None:
    one, other = (each.files("ImageFolderExampleGen", "examples") for each in (in_process, there))
    assert len([name for name in one if name.endswith(".tfrecord")]) >= 3
    # It names the attempt.
    assert one.pop("ingest.json") and other.pop("ingest.json")
    assert one == other
    report = in_process.files("ImageFolderExampleGen", "data_report")
    assert report == there.files("ImageFolderExampleGen", "data_report")
    assert b"broken.jpg" in b"".join(report.values())


def test_statistics_are_the_same(in_process: WholeRun, there: WholeRun) -> None:
    for split in ("train", "eval", "test"):
        one, other = (each.statistics(split) for each in (in_process, there))
        assert one["examples"] > 0
        assert one == pytest.approx(other, rel=1e-12)


def test_the_evaluation_is_the_same(in_process: WholeRun, there: WholeRun) -> None:
    assert in_process.metrics() is not None
    assert in_process.metrics() == there.metrics()


def test_only_copies_of_artifacts_stay_in_the_bucket(bucket: Bucket, there: WholeRun) -> None:
    assert bucket.names("tmp/imgclf/written") == []
    # Of the examples, the schema and the model: StatisticsGen's copies serve the Evaluator.
    copies = {name.split("/")[3] for name in bucket.names("tmp/imgclf/shared")}
    assert len(copies) == 3


def test_what_is_noted_of_artifacts_names_the_workspace(bucket: Bucket, there: WholeRun) -> None:
    database = (there.workspace / "metadata.sqlite").read_bytes()
    assert f"{bucket.uri}/tmp/imgclf".encode() not in database
    assert str(there.workspace).encode() in database


def test_a_second_run_starts_no_job(google: GoogleCloud, bucket: Bucket, there: WholeRun) -> None:
    before = len(google.jobs)
    again = run(google, bucket, "dataflow", *on_dataflow(google, bucket))
    assert {stage["status"] for stage in again.summary["stages"]} == {"cached"}
    assert len(google.jobs) == before


def preflight(google: GoogleCloud, bucket: str) -> subprocess.CompletedProcess[str]:
    """A run that is not to get as far as its first stage."""
    words = on_dataflow(google, google.bucket("pets"), f"gs://{bucket}/tmp")
    settings = overrides(*SETTINGS)
    command = ["run", "--images", "gs://pets/images", "--workspace", str(google.hidden[0] / "none")]
    return run_command(BIN / "imgclf", *command, *settings, *words, env=google.environment)


def test_a_bucket_that_there_is_not(google: GoogleCloud, bucket: Bucket) -> None:
    told = preflight(google, "cats")
    assert told.returncode == 2
    assert "beam.dataflow.temp_location: there is no bucket gs://cats." in told.stderr


def test_rights_that_are_missing_are_named(google: GoogleCloud, bucket: Bucket) -> None:
    google.withheld.add("storage.buckets.get")
    try:
        told = preflight(google, bucket.name)
    finally:
        google.withheld.clear()
    assert told.returncode == 2
    assert "the rights storage.buckets.get are missing in gs://pets" in told.stderr


def wait_for_a_job(doing: str, *options: str) -> None:
    """Hands over a job that fails, or one that takes long."""
    import apache_beam as beam

    from components.dataflow.job_pipeline import JobPipeline

    def work(number: int) -> None:
        if doing == "fail":
            raise ArithmeticError(f"{number} is too much")
        time.sleep(300)

    with JobPipeline(argv=[*options, f"--job_name={doing}"]) as pipeline:
        _ = pipeline | beam.Create([7]) | beam.Map(work)


@contextmanager
def waiting_for_a_job(google: GoogleCloud, bucket: Bucket, doing: str) -> Iterator[subprocess.Popen[str]]:
    """A process that waits for a job."""
    code = f"import sys; from {__name__} import wait_for_a_job; wait_for_a_job(*sys.argv[1:])"
    service = ["--runner=DataflowRunner", f"--project={PROJECT}", "--region=europe-west4"]
    options = [*service, f"--temp_location={bucket.uri}/tmp", f"--sdk_container_image={IMAGE}"]
    command = [sys.executable, "-c", code, doing, *options, *google.dataflow_options]
    with subprocess.Popen(
        command, cwd=ROOT, env=user_environment(google.environment), stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def test_a_job_that_fails_says_why(google: GoogleCloud, bucket: Bucket) -> None:
    with waiting_for_a_job(google, bucket, "fail") as process:
        _, told = process.communicate(timeout=300)
    assert process.returncode == 1
    last = told.strip().splitlines()[-1]
    assert "JobFailedError: Dataflow's job fail failed: " in last
    assert "ArithmeticError: 7 is too much" in last
    assert f"/dataflow/jobs/europe-west4/{google.jobs[-1].id}?project={PROJECT}" in last


def test_a_job_ends_with_the_process_that_waits_for_it(google: GoogleCloud, bucket: Bucket) -> None:
    with waiting_for_a_job(google, bucket, "long") as process:
        until = time.monotonic() + 240
        while google.jobs[-1].name != "long" or google.jobs[-1].state != "JOB_STATE_RUNNING":
            assert time.monotonic() < until and process.poll() is None
            time.sleep(0.1)
        time.sleep(5)  # It knows the job, and waits for it.
        process.send_signal(signal.SIGINT)
        _, told = process.communicate(timeout=120)
    assert "KeyboardInterrupt" in told
    assert google.jobs[-1].state == "JOB_STATE_CANCELLED"
