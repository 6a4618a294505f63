"""Whole runs of the component behind a stage that makes up data reports, with ML Metadata on disk."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from ml_metadata.proto import metadata_store_pb2
from tfx.dsl.components.base import base_component, base_executor, executor_spec
from tfx.orchestration import metadata
from tfx.orchestration.pipeline import Pipeline
from tfx.types import artifact, artifact_utils, channel, component_spec

from components.class_balance.balance_report import BalanceReport
from components.class_balance.component import ClassBalanceValidator
from components.class_balance.settings import BalanceSettings
from components.contract import BALANCE_REPORT_FILE, DATA_REPORT_FILE, DataError
from components.image_folder.component import ImageDataReport
from pipeline.dag_runner import DagRunner
from pipeline.settings.beam_settings import BeamSettings
from tests.components.class_balance.data_reports import data_report
from tests.conftest import NobodyListens


class MadeUpExecutor(base_executor.BaseExecutor):
    """Writes a data report."""

    def Do(
        self,
        input_dict: dict[str, list[artifact.Artifact]],
        output_dict: dict[str, list[artifact.Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        folder = Path(artifact_utils.get_single_uri(output_dict["data_report"]))
        (folder / DATA_REPORT_FILE).write_text(exec_properties["report"])


class MadeUpSpec(component_spec.ComponentSpec):
    PARAMETERS = {"report": component_spec.ExecutionParameter(type=str)}
    INPUTS: dict[str, component_spec.ChannelParameter] = {}
    OUTPUTS = {"data_report": component_spec.ChannelParameter(type=ImageDataReport)}


class MadeUp(base_component.BaseComponent):
    SPEC_CLASS = MadeUpSpec
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(MadeUpExecutor)


class JudgeExecutor(base_executor.BaseExecutor):
    """Refuses the images, or not."""

    def Do(
        self,
        input_dict: dict[str, list[artifact.Artifact]],
        output_dict: dict[str, list[artifact.Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        if exec_properties["refuses"]:
            raise DataError("The images do not fit the schema.")


class JudgeSpec(component_spec.ComponentSpec):
    PARAMETERS = {"refuses": component_spec.ExecutionParameter(type=int)}
    INPUTS = {"data_report": component_spec.ChannelParameter(type=ImageDataReport)}
    OUTPUTS: dict[str, component_spec.ChannelParameter] = {}


class Judge(base_component.BaseComponent):
    """Judges images beside ClassBalanceValidator."""

    SPEC_CLASS = JudgeSpec
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(JudgeExecutor)


class Next(base_component.BaseComponent):
    """Comes after both."""

    SPEC_CLASS = JudgeSpec
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(JudgeExecutor)


@dataclass
class Runs:
    """Runs of pipelines that share a store."""

    root: Path
    number: int = 0
    uris: list[str] = field(default_factory=list)

    def run(
        self,
        *,
        pipeline: str = "birds",
        settings: BalanceSettings | None = None,
        refused_beside: bool = False,
        **classes: int,
    ) -> tuple[str, str | None]:
        """How the validator fared on images of these classes, and with what it compared them."""
        self.number += 1
        runner = DagRunner(f"run{self.number}", BeamSettings(), NobodyListens())
        report = data_report(classes).to_json().decode()
        made_up = MadeUp(MadeUpSpec(report=report, data_report=channel.Channel(type=ImageDataReport)))
        balance = ClassBalanceValidator(
            made_up.outputs["data_report"], settings or BalanceSettings(), code="code"
        )
        judge, after = (
            kind(JudgeSpec(refuses=refuses, data_report=made_up.outputs["data_report"]))
            for kind, refuses in ((Judge, int(refused_beside)), (Next, 0))
        )
        after.add_upstream_nodes([judge, balance])
        runner.run(
            Pipeline(
                pipeline_name=pipeline,
                pipeline_root=str(self.root / pipeline),
                components=[made_up, balance, judge, after],
                enable_cache=True,
                metadata_connection_config=metadata.sqlite_metadata_connection_config(
                    str(self.root / "metadata.sqlite")
                ),
            )
        )
        (output,) = runner.artifacts["ClassBalanceValidator"]["balance"]
        self.uris.append(output.uri)
        changes = BalanceReport.read(Path(output.uri) / BALANCE_REPORT_FILE).changes
        return runner.stages[1].status, changes.previous if changes else None

    def report(self, number: int) -> Path:
        """The file of the report that the accepted run of this number gave or took from the cache."""
        return Path(self.uris[number]) / BALANCE_REPORT_FILE

    def mark(self, number: int, state: metadata_store_pb2.Artifact.State) -> None:
        """Changes a balance artifact's state in ML Metadata."""
        connection = metadata.sqlite_metadata_connection_config(str(self.root / "metadata.sqlite"))
        with metadata.Metadata(connection) as handle:
            (found,) = handle.store.get_artifacts_by_uri(self.uris[number])
            found.state = state
            handle.store.put_artifacts([found])


@pytest.fixture
def runs(tmp_path: Path) -> Runs:
    return Runs(tmp_path)


def test_first_run_has_nothing_to_compare_with_and_an_unchanged_one_is_cached(runs: Runs) -> None:
    assert runs.run(owl=90, emu=90) == ("ran", None)
    assert runs.run(owl=90, emu=90) == ("cached", None)


def test_changed_data_is_compared_with_the_last_accepted(runs: Runs) -> None:
    runs.run(owl=90, emu=90)
    assert runs.run(owl=90, emu=95) == ("ran", runs.uris[0])
    assert runs.run(owl=90, emu=99) == ("ran", runs.uris[1])
    assert runs.run(owl=90, emu=99) == ("cached", runs.uris[1])
    # Back to earlier data: it is compared with what came before it, as it was then.
    assert runs.run(owl=90, emu=95) == ("cached", runs.uris[0])
    assert runs.run(owl=90, emu=90) == ("cached", None)
    assert runs.run(owl=90, emu=99) == ("cached", runs.uris[1])


def test_what_was_refused_is_never_the_previous(runs: Runs) -> None:
    runs.run(owl=90, emu=90)
    for _ in range(2):
        with pytest.raises(DataError, match="class 'owl' of the previous run has no images any more"):
            runs.run(emu=90, ape=90)
    assert runs.run(owl=90, emu=99) == ("ran", runs.uris[0])


def test_what_was_accepted_after_all_is_the_previous(runs: Runs) -> None:
    runs.run(owl=90, emu=90)
    with pytest.raises(DataError):
        runs.run(emu=90, ape=90)
    keep = BalanceSettings.model_validate({"drift": {"gone_classes": "keep"}})
    assert runs.run(emu=90, ape=90, settings=keep) == ("ran", runs.uris[0])
    assert runs.run(emu=90, ape=91) == ("ran", runs.uris[1])


def test_what_was_refused_for_its_schema_is_not_the_previous(runs: Runs) -> None:
    # Nothing has ever come after it; later, something has.
    with pytest.raises(DataError, match="schema"):
        runs.run(stray=90, ape=90, refused_beside=True)
    assert runs.run(owl=90, emu=90) == ("ran", None)
    with pytest.raises(DataError, match="schema"):
        runs.run(owl=90, emu=90, stray=90, refused_beside=True)
    assert runs.run(owl=90, emu=99) == ("ran", runs.uris[0])


def test_what_its_schema_took_after_all_is_the_previous(runs: Runs) -> None:
    runs.run(owl=90, emu=90)
    with pytest.raises(DataError, match="schema"):
        runs.run(owl=90, emu=90, ape=90, refused_beside=True)
    assert runs.run(owl=90, emu=90, ape=90) == ("cached", runs.uris[0])
    assert runs.run(owl=90, emu=90, ape=99) == ("ran", runs.uris[1])


def test_other_settings_on_the_same_data_change_no_later_answer(runs: Runs) -> None:
    runs.run(owl=90, emu=90)
    runs.run(owl=90, emu=95)
    assert runs.run(owl=90, emu=90, settings=BalanceSettings(max_imbalance=19)) == ("ran", None)
    assert runs.uris[2] != runs.uris[0]
    assert runs.run(owl=90, emu=95) == ("cached", runs.uris[0])


def test_pipelines_that_share_a_store_do_not_see_each_other(runs: Runs) -> None:
    runs.run(owl=90, emu=90)
    assert runs.run(pipeline="bird", ape=90, gnu=90) == ("ran", None)
    assert runs.run(pipeline="bird", ape=90, gnu=99) == ("ran", runs.uris[1])
    assert runs.run(owl=90, emu=99) == ("ran", runs.uris[0])


def _delete(runs: Runs) -> None:
    shutil.rmtree(runs.report(1).parent)


def _cut(runs: Runs) -> None:
    runs.report(1).write_bytes(runs.report(1).read_bytes()[:-9])


def _mark(runs: Runs) -> None:
    runs.mark(1, metadata_store_pb2.Artifact.MARKED_FOR_DELETION)


@pytest.mark.parametrize("damage", [_delete, _cut, _mark])
def test_a_report_that_is_not_whole_is_passed_over(runs: Runs, damage: Callable[[Runs], None]) -> None:
    runs.run(owl=90, emu=90)
    runs.run(owl=90, emu=95)
    damage(runs)
    assert runs.run(owl=90, emu=99) == ("ran", runs.uris[0])
    runs.report(0).unlink()
    assert runs.run(owl=90, emu=100) == ("ran", runs.uris[2])
