"""The Google Cloud that other tests use, asked by the clients that there are."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cluster.google_cloud.cloud import GoogleCloud
from tests.cluster.google_cloud.dataflow_job import ROOT

pytestmark = pytest.mark.cluster


def as_client(google: GoogleCloud, asking: Callable[..., None], *words: str) -> str:
    """Runs a function of this file in a process of its own, and returns what it prints."""
    code = f"import sys; from {__name__} import {asking.__name__} as asking; asking(*sys.argv[1:])"
    done = subprocess.run(
        [sys.executable, "-c", code, *words],
        cwd=ROOT,
        env={**os.environ, **google.environment},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert google.unanswered == []
    return done.stdout


def ask_with_tensorflow(bucket: str) -> None:
    import tensorflow as tf

    files = tf.io.gfile
    assert not files.exists(f"{bucket}/tf")
    with files.GFile(f"{bucket}/tf/a b.txt", "w") as file:
        file.write("one ")
    with files.GFile(f"{bucket}/tf/a b.txt", "a") as file:
        file.write("two")
    assert files.GFile(f"{bucket}/tf/a b.txt").read() == "one two"
    content = os.urandom(20_000_000)
    with files.GFile(f"{bucket}/tf/deep/large", "wb") as file:
        file.write(content)
    assert files.GFile(f"{bucket}/tf/deep/large", "rb").read() == content
    files.copy(f"{bucket}/tf/a b.txt", f"{bucket}/tf/deep/copy")
    assert files.stat(f"{bucket}/tf/deep/large").length == len(content)
    files.makedirs(f"{bucket}/tf/empty/folder")
    assert sorted(files.listdir(f"{bucket}/tf")) == ["a b.txt", "deep/", "empty/"]
    assert files.glob(f"{bucket}/tf/*.txt") == [f"{bucket}/tf/a b.txt"]
    files.rename(f"{bucket}/tf/deep", f"{bucket}/tf/moved")
    assert files.isdir(f"{bucket}/tf/moved") and not files.exists(f"{bucket}/tf/deep/large")
    assert files.GFile(f"{bucket}/tf/moved/large", "rb").read() == content
    files.rmtree(f"{bucket}/tf/empty")
    try:
        files.GFile(f"{bucket}-that-is-not-there/file").read()
    except tf.errors.NotFoundError as error:
        print(error)


def test_tensorflow_reads_and_writes(google: GoogleCloud) -> None:
    bucket = google.bucket("of-tensorflow")
    assert "bucket does not exist" in as_client(google, ask_with_tensorflow, bucket.uri)
    assert bucket.names() == ["tf/a b.txt", "tf/moved/copy", "tf/moved/large"]
    assert bucket.read("tf/a b.txt") == b"one two"


def ask_with_beam(bucket: str) -> None:
    from apache_beam.io.filesystem import BeamIOError
    from apache_beam.io.filesystems import FileSystems

    def names(pattern: str) -> list[str]:
        return [found.path for match in FileSystems.match([pattern]) for found in match.metadata_list]

    # More than a page of a listing, and than a batch.
    many = [f"{bucket}/many/{number:04}" for number in range(1, 1201)]
    assert names(f"{bucket}/many/*") == many
    moved = [name.replace("many", "moved") for name in many[:250]]
    FileSystems.rename(many[:250], moved)
    assert names(f"{bucket}/moved/*") == moved and names(f"{bucket}/many/*") == many[250:]
    FileSystems.delete([f"{bucket}/many/*"])
    # More than a piece of an upload.
    content = os.urandom(40_000_000)
    with FileSystems.create(f"{bucket}/beam/a b%2F.bin") as file:
        file.write(content)
    with FileSystems.open(f"{bucket}/beam/a b%2F.bin") as file:
        file.seek(30_000_000)
        assert file.read() == content[30_000_000:]
    FileSystems.copy([f"{bucket}/beam/a b%2F.bin"], [f"{bucket}/beam/copy"])
    assert FileSystems.checksum(f"{bucket}/beam/copy") == FileSystems.checksum(f"{bucket}/beam/a b%2F.bin")
    try:
        FileSystems.rename([f"{bucket}/nothing"], [f"{bucket}/something"])
    except BeamIOError as error:
        print(error)


def test_beam_lists_renames_and_deletes(google: GoogleCloud, tmp_path: Path) -> None:
    bucket = google.bucket("of-beam")
    for number in range(1, 1201):
        (tmp_path / f"{number:04}").write_bytes(b"")
    assert bucket.upload_folder(tmp_path, "many") == "gs://of-beam/many"
    assert "404" in as_client(google, ask_with_beam, bucket.uri)
    assert bucket.names("beam/") == ["beam/a b%2F.bin", "beam/copy"]
    assert bucket.names("m") == [f"moved/{number:04}" for number in range(1, 251)]


def copy_records(source: str, target: str) -> None:
    import apache_beam as beam
    from apache_beam.runners.portability.fn_api_runner import FnApiRunner

    with beam.Pipeline(FnApiRunner()) as pipeline:
        records = pipeline | beam.io.ReadFromTFRecord(source)
        records | beam.io.WriteToTFRecord(target, num_shards=2)


def test_beam_copies_records(google: GoogleCloud, tmp_path: Path) -> None:
    bucket = google.bucket("of-records")
    (tmp_path / "one.tfrecord").write_bytes(b"".join(record(b"%d" % number) for number in range(10)))
    source = bucket.upload_folder(tmp_path, "in")
    as_client(google, copy_records, f"{source}/*.tfrecord", f"{bucket.uri}/out/records")
    shards = [f"out/records-0000{number}-of-00002" for number in range(2)]
    assert bucket.names("out/") == shards
    assert sum(len(bucket.read(shard)) for shard in shards) == len(bucket.read("in/one.tfrecord"))


def record(content: bytes) -> bytes:
    """As in a TFRecord file."""
    import google_crc32c

    def masked(part: bytes) -> bytes:
        crc = google_crc32c.value(part)
        return (((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF).to_bytes(4, "little")

    length = len(content).to_bytes(8, "little")
    return length + masked(length) + content + masked(content)


def upload_resumed(bucket: str) -> None:
    """An upload whose connection broke goes on where it was."""
    from google.cloud import storage

    client = storage.Client()
    with client.bucket(bucket).blob("pieces").open("wb", chunk_size=1 << 18, if_generation_match=0) as file:
        file.write(b"a" * 300_000)
        upload = file._upload_and_transport[0]
        upload._invalid = True
        upload.recover(file._upload_and_transport[1])
        assert upload.bytes_uploaded == 1 << 18
        file.write(b"b" * 300_000)
    try:
        client.bucket(bucket).blob("pieces").upload_from_string(b"c", if_generation_match=0)
    except Exception as error:
        print(error)
    blob = client.bucket(bucket).blob("small")
    blob.metadata = {"from": "tests"}
    blob.upload_from_string(b"--x\r\n\r\n", content_type="text/plain")
    blob.reload()
    assert (blob.metadata, blob.content_type, blob.size) == ({"from": "tests"}, "text/plain", 7)
    pages = client.list_blobs(bucket, delimiter="/", prefix="in/", page_size=2)
    assert [blob.name for blob in pages] == ["in/c", "in/e"] and pages.prefixes == {"in/b/", "in/d/"}


def test_googles_own_client(google: GoogleCloud, tmp_path: Path) -> None:
    bucket = google.bucket("of-google")
    for name in ("b/1", "b/2", "c", "d/1", "e"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(name)
    bucket.upload_folder(tmp_path, "in")
    assert "pre-conditions you specified did not hold" in as_client(google, upload_resumed, bucket.name)
    assert bucket.read("pieces") == b"a" * 300_000 + b"b" * 300_000
    assert bucket.read("small") == b"--x\r\n\r\n"


def ask_without_key(bucket: str) -> None:
    from google.cloud import storage

    try:
        storage.Client.create_anonymous_client().bucket(bucket).get_blob("any")
    except Exception as error:
        print(error)


def test_who_has_no_token_gets_nothing(google: GoogleCloud) -> None:
    # What the client says of a 401.
    told = as_client(google, ask_without_key, google.bucket("closed").name)
    assert told == "Anonymous credentials cannot be refreshed.\n"


def ask_for_the_unknown(bucket: str) -> None:
    import requests
    from google.cloud import storage

    for asking in (
        lambda: storage.Client().bucket(bucket).patch(),
        lambda: storage.Client().bucket(bucket).get_blob("any", if_metageneration_match=1),
        lambda: requests.get("https://example.org/"),
    ):
        try:
            asking()
        except Exception as error:
            print(type(error).__name__)


def test_what_nobody_answers_is_told(tmp_path: Path) -> None:
    # In a cloud of its own, because all others check that nothing was left unanswered.
    with GoogleCloud.started(tmp_path / "cloud") as google:
        google.bucket("any")
        with pytest.raises(AssertionError):
            as_client(google, ask_for_the_unknown, "any")
        patch, condition, elsewhere = google.unanswered
    assert patch.startswith("PATCH https://storage.googleapis.com/storage/v1/b/any")
    assert "ifMetagenerationMatch=1" in condition
    assert elsewhere == "CONNECT example.org:443 HTTP/1.0"


def on_dataflow(bucket: str, name: str, *more: str) -> list[str]:
    """Options of a pipeline."""
    where = ["--runner=DataflowRunner", "--project=imgclf-tests", "--region=europe-west1"]
    how = [f"--temp_location={bucket}/temp", "--sdk_container_image=registry/imgclf:1"]
    return [*where, *how, f"--job_name={name}", *more]


def run_on_dataflow(source: str, target: str, hidden: str, bad: str, *more: str) -> None:
    import apache_beam as beam
    from apache_beam.metrics import Metrics
    from apache_beam.options.pipeline_options import PipelineOptions

    class Look(beam.DoFn):
        """Looks for a file of the client's."""

        def process(self, element: bytes):  # type: ignore[no-untyped-def]
            if element.decode() == bad:
                raise ArithmeticError(f"{bad} is too much")
            Metrics.counter("looks", "records").inc()
            Metrics.distribution("looks", "sizes").update(len(element))
            try:
                seen = Path(hidden).read_text()
            except OSError as error:
                seen = type(error).__name__
            yield f"{element.decode()} {seen} {os.getpid()}".encode()

    bucket = source.rsplit("/", 1)[0]
    options = PipelineOptions(on_dataflow(bucket, "looks", *more))
    pipeline = beam.Pipeline(options=options)
    looked = (
        pipeline
        | beam.io.ReadFromTFRecord(f"{source}/*")
        | beam.ParDo(Look())
        | beam.Map(lambda line: (line.split()[0], line))
        | beam.GroupByKey()
        | beam.FlatMap(lambda group: group[1])
    )
    looked | beam.io.WriteToTFRecord(target, num_shards=1)
    result = pipeline.run()
    result.wait_until_finish()
    counters, distributions = (result.metrics().query()[kind] for kind in ("counters", "distributions"))
    print(
        os.getpid(), [metric.committed for metric in counters], [each.committed.sum for each in distributions]
    )


@pytest.fixture
def records(google: GoogleCloud, tmp_path: Path) -> str:
    """Ten records in two files in a bucket."""
    for half in range(2):
        numbers = range(5 * half, 5 * half + 5)
        content = b"".join(record(b"%d" % number) for number in numbers)
        (tmp_path / f"{half}.tfrecord").write_bytes(content)
    return google.bucket("of-jobs").upload_folder(tmp_path, "in")


@pytest.fixture
def hidden(google: GoogleCloud) -> Path:
    """A file that jobs do not see."""
    file = google.hidden[0] / "secret.txt"
    file.write_text("seen")
    return file


def test_a_job_runs_where_the_clients_files_are_not_seen(
    google: GoogleCloud, records: str, hidden: Path
) -> None:
    target, more = f"{records[:-3]}/out/lines", google.dataflow_options
    told = as_client(google, run_on_dataflow, records, target, str(hidden), "none", *more)
    client, metrics = told.strip().split(maxsplit=1)
    assert metrics == "[10] [10]"
    job = google.jobs[-1]
    assert (job.name, job.state, job.error) == ("looks", "JOB_STATE_DONE", None)
    assert job.container_image == "registry/imgclf:1"
    assert job.options["region"] == "europe-west1"
    bucket = google.bucket("of-jobs")
    (shard,) = bucket.names("out/")
    content = bucket.read(shard)
    lines = [line.split() for line in contents(content)]
    assert sorted(int(line[0]) for line in lines) == list(range(10))
    assert {line[1] for line in lines} == {b"FileNotFoundError"}
    assert client.encode() not in {line[2] for line in lines}


def contents(shard: bytes) -> list[bytes]:
    """Of the records of a TFRecord file."""
    found = []
    while shard:
        length = int.from_bytes(shard[:8], "little")
        found.append(shard[12 : 12 + length])
        shard = shard[16 + length :]
    return found


def test_a_job_that_fails_says_why(google: GoogleCloud, records: str, hidden: Path) -> None:
    target, more = f"{records[:-3]}/failed/lines", google.dataflow_options
    with pytest.raises(AssertionError) as failed:
        as_client(google, run_on_dataflow, records, target, str(hidden), "7", *more)
    assert "DataflowRuntimeException" in str(failed.value)
    assert "ArithmeticError: 7 is too much" in str(failed.value)
    job = google.jobs[-1]
    assert job.state == "JOB_STATE_FAILED" and job.error and "7 is too much" in job.error
    assert google.bucket("of-jobs").names("failed/") == []


def lose_and_cancel(bucket: str, *more: str) -> None:
    import time

    import apache_beam as beam
    from apache_beam.options.pipeline_options import PipelineOptions

    def start(name: str, work: Callable[[int], object]) -> beam.runners.runner.PipelineResult:
        pipeline = beam.Pipeline(options=PipelineOptions(on_dataflow(bucket, name, *more)))
        pipeline | beam.Create([1]) | beam.Map(work)
        return pipeline.run()

    slow = start("slow", lambda second: time.sleep(1000 * second))
    lost = start("lost", lambda status: os._exit(status))
    try:
        start("slow", print)
    except Exception as error:
        print(error)
    assert slow.state == "RUNNING"
    slow.cancel()
    assert slow.wait_until_finish() == "CANCELLED"
    try:
        lost.wait_until_finish()
    except Exception as error:
        print(error)


def test_jobs_are_cancelled_and_lost(google: GoogleCloud) -> None:
    told = as_client(google, lose_and_cancel, google.bucket("of-jobs").uri, *google.dataflow_options)
    assert "there is an active job named slow" in told
    assert "The worker lost contact with the service: Worker subprocess exited with return code 1" in told
    slow, lost = google.jobs[-2:]
    assert (slow.state, lost.state) == ("JOB_STATE_CANCELLED", "JOB_STATE_FAILED")
    assert slow.error is None


@pytest.mark.parametrize(
    ("which", "reason"),
    [(ROOT, "has to be seen"), (Path(), "has to be seen"), (Path("no"), "not a folder")],
)
def test_folders_that_jobs_need_cannot_be_hidden(tmp_path: Path, which: Path, reason: str) -> None:
    starting = GoogleCloud.started(tmp_path / "cloud", hidden=[tmp_path / which])
    with pytest.raises(ValueError, match=reason), starting:
        pass
