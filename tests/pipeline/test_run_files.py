"""What lies in the folder of a run."""

from __future__ import annotations

from pathlib import Path

import pytest
from tfx.proto.orchestration import pipeline_pb2

import pipeline
from pipeline.config import load_config
from pipeline.preparation.preflight import resolve
from pipeline.run_files import RunFiles
from pipeline.workspace import Workspace
from tests.conftest import Trial
from tests.image_files import write_folder

CONFIGS = sorted(Path(pipeline.__file__).parent.glob("configs/*.yaml"))
# Settings that YAML has several ways to write, or to misread.
ODD = (
    "data.images='/photos/قطط & dogs: #1'",
    "training.xla=off",
    "training.phases.0.learning_rate=1.0e-7",
    "tuning.space={model.head.hidden: {choices: [[], [64]]}}",
    "beam.options=['--x=on', '--y=1e3']",
)


@pytest.mark.parametrize("path", [None, *CONFIGS], ids=["defaults", *(path.stem for path in CONFIGS)])
def test_the_settings_of_a_run_are_ready_for_another(tmp_path: Path, path: Path | None) -> None:
    files = RunFiles(Workspace(tmp_path), "7")
    config = load_config(path, ODD)
    files.write_pipeline(pipeline_pb2.Pipeline(), config)
    assert sorted(file.name for file in files.folder.iterdir()) == ["config.yaml", "pipeline.pb"]
    assert load_config(files.folder / "config.yaml") == config == files.read_config()


def test_a_preset_is_written_down_as_what_it_chose(tmp_path: Path) -> None:
    images = write_folder(tmp_path / "images", {"across": 20, "down": 20})
    files = RunFiles(Workspace(tmp_path / "workspace"), "7")
    files.folder.mkdir(parents=True)
    resolved = resolve(load_config(None, ["preset=fast"]), str(images), files.workspace)
    files.write_config(resolved)
    written = load_config(files.folder / "config.yaml")
    assert written == resolve(written, None, files.workspace) == resolved
    assert (written.preset, written.data.images) == (None, str(images))
    assert written.training != load_config().training


def test_a_run_on_this_machine_leaves_its_settings(trial: Trial) -> None:
    written = load_config(trial.workspace.run_dir("first") / "config.yaml")
    assert written == trial.config() != trial.config(["seed=7"])
