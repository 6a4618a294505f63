"""A schema that somebody has written decides whether a run goes on."""

from __future__ import annotations

import pytest
from google.protobuf import text_format

from components import contract
from components.example_schema.schema_rule import contract_schema
from pipeline.results.summary import RunSummary
from pipeline.workspace import open_workspace
from tests.conftest import Trial
from tests.image_files import write_folder

pytestmark = pytest.mark.e2e
SCHEMA = text_format.MessageToString(contract_schema(["across", "down"]))


@pytest.fixture(scope="module")
def trial(tmp_path_factory: pytest.TempPathFactory) -> Trial:
    """Two classes, JPEG and PNG in turn, 32 x 32 pixels; nothing has run yet."""
    root = tmp_path_factory.mktemp("schema")
    return Trial(
        write_folder(root / "images", {"across": 40, "down": 40}), open_workspace(root / "workspace")
    )


def _run(trial: Trial, run_id: str, old: str = "", new: str = "", name: str = "schema.pbtxt") -> RunSummary:
    """Runs with the contract's schema, changed in one place."""
    assert old in SCHEMA
    file = trial.images.parent / name
    file.write_text(SCHEMA.replace(old, new, 1))
    return trial.run(run_id, [f"data.schema_file={file}", "training.epochs=0", "evaluation.min_accuracy=0"])


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (
            '    value: "down"\n', "",
            "image/class/text in the {} split: unexpected string values "
            "(Examples contain values missing from the schema: down (~",
        ),
        (
            '    value: "PNG"\n', "",
            "image/format in the {} split: unexpected string values "
            "(Examples contain values missing from the schema: PNG (~",
        ),
        (
            f'name: "{contract.IMAGE_WIDTH}"\n  type: INT\n  int_domain {{\n    min: 1\n',
            f'name: "{contract.IMAGE_WIDTH}"\n  type: INT\n  int_domain {{\n    min: 64\n',
            "image/width in the {} split: out-of-range values (Unexpectedly small value: 32)",
        ),
    ],
    ids=["class", "format", "width"],
)  # fmt: skip
def test_images_that_do_not_fit_stop_the_run(trial: Trial, old: str, new: str, words: str) -> None:
    summary = _run(trial, f"not fitting {old[:20]}", old, new)
    assert (summary.status, summary.exit_code, summary.pushed) == ("invalid_data", 3, None)
    assert summary.reason is not None
    assert summary.reason.startswith("The images do not fit the schema: ")
    assert all(words.format(split) in summary.reason for split in contract.SPLITS)
    statuses = {stage.name: stage.status for stage in summary.stages}
    assert statuses["ExampleValidator"] == "failed"
    assert statuses["Transform"] == statuses["Trainer"] == statuses["Pusher"] == "skipped"
    assert not trial.workspace.model_dir("stripes").exists()


def test_with_a_fitting_one_the_run_goes_on_and_an_edit_is_noticed(trial: Trial) -> None:
    assert _run(trial, "fitting").status == "pushed"
    written = (trial.artifact("ExampleSchemaGen", "schema") / contract.SCHEMA_FILE).read_text()
    assert written == SCHEMA
    moved = _run(trial, "moved", name="moved.pbtxt")
    assert {stage.status for stage in moved.stages} == {"cached"}
    edited = _run(trial, "edited", '    value: "down"\n', '    value: "up"\n')
    assert edited.status == "invalid_data"
    statuses = {stage.name: stage.status for stage in edited.stages}
    assert statuses["ImageFolderExampleGen"] == statuses["ClassBalanceValidator"] == "cached"
    assert statuses["ExampleSchemaGen"] == statuses["StatisticsGen"] == "ran"
