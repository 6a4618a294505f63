"""Runs of the whole pipeline, and what they put out, for comparing engines of Beam."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tensorflow_metadata.proto.v0 import statistics_pb2

from tests.e2e.command_line import BIN, run_command


@dataclass(frozen=True)
class WholeRun:
    """A run that has ended."""

    summary: dict[str, Any]
    workspace: Path

    def artifact(self, stage: str, key: str) -> Path:
        """The folder of the only artifact that a stage has put out under a key."""
        (folder,) = self.workspace.glob(f"artifacts/*/{stage}/{key}/*")
        return folder

    def files(self, stage: str, key: str) -> dict[str, bytes]:
        """Names and contents of an artifact's files."""
        return files(self.artifact(stage, key))

    def statistics(self, split: str) -> dict[str, float]:
        """Every number that says something of a feature as a whole.

        The most frequent of values that are all there once are any of them.
        """
        file = self.artifact("StatisticsGen", "statistics") / f"Split-{split}" / "FeatureStats.pb"
        (dataset,) = statistics_pb2.DatasetFeatureStatisticsList.FromString(file.read_bytes()).datasets
        numbers: dict[str, float] = {"examples": dataset.num_examples}
        for feature in dataset.features:
            (name,) = feature.path.step
            for stats in (feature.num_stats, feature.string_stats, feature.bytes_stats):
                for kind, value in stats.ListFields():
                    if isinstance(value, int | float):
                        numbers[f"{name}.{kind.name}"] = value
            common = feature.num_stats.common_stats or feature.string_stats.common_stats
            numbers[f"{name}.present"] = common.num_non_missing
            for bucket in feature.string_stats.rank_histogram.buckets:
                if bucket.sample_count > 1:
                    numbers[f"{name}={bucket.label}"] = bucket.sample_count
        return numbers

    def metrics(self) -> dict[str, Any]:
        """What the Evaluator found out about the model."""
        metrics: dict[str, Any] = self.summary["metrics"]
        return metrics


def files(folder: Path) -> dict[str, bytes]:
    """Names and contents of all files below a folder."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def run_imgclf(
    images: str, workspace: Path, *words: str, environment: Mapping[str, str] | None = None
) -> WholeRun:
    """Runs `imgclf run`, and fails where that does.

    Args:
        images: folder or URI.
        workspace: for the run.
        words: more of the command line.
        environment: variables to add.
    """
    command = ["run", "--images", images, "--workspace", str(workspace), "--json", *words]
    done = run_command(BIN / "imgclf", *command, env=environment)
    assert done.returncode == 0, done.stdout + done.stderr
    return WholeRun(json.loads(done.stdout), workspace)


def overrides(*settings: str) -> list[str]:
    """Settings as words of the command line."""
    return [word for setting in settings for word in ("--set", setting)]
