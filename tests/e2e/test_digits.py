"""The product as a whole: `make run`, the model asked over gRPC, a cached re-run, a worse model refused."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from pipeline.config_reference import README
from serving.contract import version_folders
from tests.e2e.command_line import imgclf, run_command, serving

pytestmark = pytest.mark.e2e
CONFIG = "pipeline/configs/digits.yaml"


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("digits") / "workspace"


@pytest.fixture(scope="module")
def printed(workspace: Path) -> str:
    """What `make run` prints."""
    done = run_command("make", "run", f"WORKSPACE={workspace}")
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def _run(workspace: Path, *words: str) -> tuple[int, dict]:
    done = imgclf(
        "run",
        "--images",
        workspace / "digits",
        "--config",
        CONFIG,
        "--workspace",
        workspace,
        "--json",
        *words,
    )
    return done.returncode, json.loads(done.stdout)


def test_digits_are_1797_files_of_both_kinds_in_ten_folders(printed: str, workspace: Path) -> None:
    files = [path for path in (workspace / "digits").rglob("*") if path.is_file()]
    assert len(files) == 1797
    assert {path.parent.name for path in files} == set("0123456789")
    assert {path.suffix for path in files} == {".jpg", ".png"}


def test_make_run_ends_with_a_pushed_model_and_the_next_command(printed: str, workspace: Path) -> None:
    for stage in ("ImageFolderExampleGen", "ClassBalanceValidator", "Trainer", "ServingCheck", "Pusher"):
        assert re.search(rf"^{stage} +✓ ran +\d+\.\d$", printed, re.MULTILINE), printed
    accuracy = re.search(r"^Accuracy: (0\.\d+|1\.0+) on the \d+ held-out images", printed, re.MULTILINE)
    assert accuracy is not None, printed
    assert float(accuracy.group(1)) >= 0.97
    assert f"pushed version 1: {workspace}/serving/digits/1" in printed
    assert re.search(r"^Next: +\S*imgclf predict \S+digit-\d+\.\w+ --workspace", printed, re.MULTILINE), (
        printed
    )
    assert "Traceback" not in printed
    assert "WARNING" not in printed


def test_the_readme_shows_what_is_printed(printed: str, workspace: Path) -> None:
    def masked(text: str) -> list[str]:
        """Lines without numbers and spacing, and with the reader's workspace instead of the test's."""
        text = text.replace(f" --workspace {workspace}", "").replace(str(workspace), ".imgclf")
        text = re.sub(r"\d{8}-\d{6}-[0-9a-f]{4}", "RUN", text.replace(".venv/bin/", ""))
        text = re.sub(r"digits/\d/digit-\d+\.\w+", "DIGIT", text)
        return [re.sub(r"\d+(\.\d+)?", "N", " ".join(line.split())) for line in text.splitlines() if line]

    (block,) = re.findall(r"```text\n(Stage .*?)```", README.read_text("utf-8"), re.DOTALL)
    assert masked(printed)[-len(masked(block)) :] == masked(block)


def test_predict_prints_a_table(printed: str, workspace: Path) -> None:
    images = [next((workspace / "digits" / label).glob("*.png")) for label in "1457"]
    done = imgclf("predict", *images, "--workspace", workspace)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    rows = re.findall(r"(\d) +(0\.\d{4}|1\.0000)$", done.stdout, re.MULTILINE)
    assert [label for label, _ in rows] == list("1457")


def test_a_client_of_tensorflow_serving_gets_right_answers_from_jpeg_bytes(
    printed: str, workspace: Path
) -> None:
    """Written against tensorflow-serving-api and grpc alone."""
    import grpc
    import tensorflow as tf
    from tensorflow_serving.apis import (
        get_model_metadata_pb2,
        get_model_status_pb2,
        model_service_pb2_grpc,
        predict_pb2,
        prediction_service_pb2_grpc,
    )

    with serving("--workspace", workspace, "--port", "0") as ready:
        port = re.search(r"on 127\.0\.0\.1:(\d+)", ready)
        assert port is not None, ready
        address = f"127.0.0.1:{port.group(1)}"
        with grpc.insecure_channel(address) as channel:
            predictions = prediction_service_pb2_grpc.PredictionServiceStub(channel)
            right = 0
            for label in "0123456789":
                for image in sorted((workspace / "digits" / label).glob("*.jpg"))[:5]:
                    request = predict_pb2.PredictRequest()
                    request.model_spec.name = "digits"
                    request.inputs["image_bytes"].CopyFrom(tf.make_tensor_proto([image.read_bytes()]))
                    response = predictions.Predict(request, timeout=30)
                    right += list(response.outputs["label"].string_val) == [label.encode()]
                    assert response.model_spec.version.value == 1
            assert right >= 47  # of 50; its accuracy is that of no perfect model
            status_request = get_model_status_pb2.GetModelStatusRequest()
            status_request.model_spec.name = "digits"
            status = model_service_pb2_grpc.ModelServiceStub(channel).GetModelStatus(
                status_request, timeout=30
            )
            assert [(state.version, state.state) for state in status.model_version_status] == [(1, 30)]
            metadata_request = get_model_metadata_pb2.GetModelMetadataRequest(
                metadata_field=["signature_def"]
            )
            metadata_request.model_spec.name = "digits"
            metadata = predictions.GetModelMetadata(metadata_request, timeout=30)
            assert "signature_def" in metadata.metadata
        image = next((workspace / "digits" / "3").glob("*.jpg"))
        done = imgclf("predict", image, "--workspace", workspace, "--server", address)
        assert done.returncode == 0, done.stderr
        assert re.search(r" 3 +(0\.\d{4}|1\.0000)$", done.stdout, re.MULTILINE), done.stdout


def test_an_unchanged_rerun_is_cached(printed: str, workspace: Path) -> None:
    code, summary = _run(workspace)
    assert code == 0
    assert {stage["status"] for stage in summary["stages"]} == {"cached"}
    assert summary["pushed"]["version"] == 1
    assert summary["metrics"]["candidate"]["example_count"] == summary["images"]["per_split"]["test"]
    assert list(version_folders(workspace / "serving" / "digits")) == [1]


def test_a_worse_model_is_refused_with_both_numbers(printed: str, workspace: Path) -> None:
    code, summary = _run(workspace, "--set", "training.epochs=0")
    assert (code, summary["status"], summary["pushed"]) == (4, "not_blessed", None)
    for model in ("candidate", "baseline"):
        assert f"{summary['metrics'][model]['accuracy']:.3f}" in summary["reason"]
    assert list(version_folders(workspace / "serving" / "digits")) == [1]
