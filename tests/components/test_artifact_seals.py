from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from tfx.proto.orchestration.execution_result_pb2 import ExecutorOutput
from tfx.types import artifact, standard_artifacts

from components.artifact_seals import is_unbroken, seal_outputs


def _sealed(key: str, made: artifact.Artifact, folder: Path) -> artifact.Artifact:
    (folder / "Split-train").mkdir(parents=True)
    (folder / "Split-train" / "images.tfrecord").write_bytes(b"records")
    (folder / "labels.txt").write_text("cat\ndog\n")
    made.uri = str(folder)
    output = ExecutorOutput()
    output.output_artifacts[key].artifacts.append(made.mlmd_artifact)
    seal_outputs(output)
    made.set_mlmd_artifact(output.output_artifacts[key].artifacts[0])
    return made


@pytest.mark.parametrize(
    "harm",
    [
        lambda folder: (folder / "labels.txt").write_text("cat\ncog\n"),
        lambda folder: (folder / "labels.txt").rename(folder / "names.txt"),
        lambda folder: (folder / "labels.txt").unlink(),
        lambda folder: (folder / "Split-train" / "images.tfrecord").write_bytes(b"record"),
        lambda folder: (folder / "Split-train" / "more.tfrecord").touch(),
    ],
)
def test_whatever_is_changed_breaks_the_seal(tmp_path: Path, harm: Callable[[Path], object]) -> None:
    examples = _sealed("examples", standard_artifacts.Examples(), tmp_path / "1")
    assert is_unbroken(examples)
    harm(tmp_path / "1")
    assert not is_unbroken(examples)


def test_pictures_may_be_tidied_away(tmp_path: Path) -> None:
    pictures = _sealed("model_run", standard_artifacts.ModelRun(), tmp_path / "1")
    (tmp_path / "1" / "labels.txt").unlink()
    assert is_unbroken(pictures)
