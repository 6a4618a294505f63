"""One real run of the whole pipeline on small images, which many tests look at from different sides."""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from pipeline.config import Config, load_config
from pipeline.preparation.preflight import resolve
from pipeline.results.summary import RunSummary, Stage
from pipeline.workspace import Workspace, open_workspace
from tests.image_files import image_bytes, write_folder

SETTINGS = (
    "name=stripes",
    "model.backbone=small_cnn",
    "model.weights=none",
    "model.image_size=16",
    "training.batch_size=16",
    "training.phases=[{train: all, epochs: 6, learning_rate: 0.01}]",
    "evaluation.min_accuracy=0.6",
    "evaluation.max_accuracy_drop=0.05",
    "data.splits={train: 0.6, eval: 0.2, test: 0.2}",
)


# What needs kfp, which an older Python does not have.
collect_ignore = (
    []
    if sys.version_info >= (3, 11)
    else ["kubeflow", "cluster/test_compiled_run.py", "e2e/test_readme_kubeflow.py"]
)


class NobodyListens:
    """A listener for runs that nobody watches."""

    def stage_started(self, name: str) -> None:
        """Ignores it."""

    def stage_finished(self, stage: Stage) -> None:
        """Ignores it."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Puts long files first, then those with many tests: of several processes none begins long work last."""
    if "PYTEST_XDIST_WORKER" not in os.environ:
        return
    tests = Counter(item.path for item in items)

    def place(item: pytest.Item) -> tuple[bool, int]:
        long = {"cluster", "e2e", "long"} & {mark.name for mark in item.iter_markers()}
        return not long, -tests[item.path]

    items.sort(key=place)


@dataclass(frozen=True)
class Trial:
    """A workspace with a folder of images, in which the pipeline can be run."""

    images: Path
    workspace: Workspace
    settings: tuple[str, ...] = SETTINGS
    summary: RunSummary | None = None

    def config(self, overrides: Iterable[str] = ()) -> Config:
        """The configuration, resolved as for a run."""
        return resolve(load_config(None, (*self.settings, *overrides)), str(self.images), self.workspace)

    def run(self, run_id: str, overrides: Iterable[str] = (), *, use_cache: bool = True) -> RunSummary:
        """Runs the pipeline in this process."""
        from pipeline.dag_runner import run_pipeline

        self.workspace.run_dir(run_id).mkdir(parents=True)
        summary = run_pipeline(
            self.config(overrides), self.workspace, run_id, NobodyListens(), use_cache=use_cache
        )
        assert summary is not None
        return summary

    def artifact(self, node: str, key: str) -> Path:
        """Folder of the newest artifact of a node."""
        folder = self.workspace.artifacts / "stripes" / node / key
        return max(folder.iterdir(), key=lambda path: int(path.name))


@pytest.fixture(scope="session")
def trial(tmp_path_factory: pytest.TempPathFactory) -> Trial:
    """The workspace after one run; tests only look at it."""
    return first_run(tmp_path_factory.mktemp("trial"))


def first_run(root: Path) -> Trial:
    """Three classes of 40 images, four flawed files among them, after one run of the pipeline."""
    images = write_folder(root / "images", {"across": 40, "down": 40, "plain": 40})
    (images / "across" / "empty.jpg").touch()
    (images / "across" / "text.jpg").write_text("no image at all\n")
    (images / "down" / "cut.jpg").write_bytes(image_bytes(1, size=(64, 64))[:-600])
    (images / "plain" / "copy.jpeg").write_bytes((images / "plain" / "0000.jpeg").read_bytes())
    prepared = Trial(images, open_workspace(root / "workspace"))
    return replace(prepared, summary=prepared.run("first"))
