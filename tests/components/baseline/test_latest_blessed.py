from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tfx.dsl.components.base import base_component, base_executor, executor_spec
from tfx.dsl.components.common.resolver import Resolver
from tfx.orchestration import metadata
from tfx.orchestration.pipeline import Pipeline
from tfx.proto.orchestration.execution_result_pb2 import ExecutorOutput
from tfx.types import artifact, component_spec, standard_artifacts
from tfx.types.channel import Channel

from components.artifact_seals import seal_outputs
from components.baseline.latest_blessed import CANDIDATE, MODEL, LatestBlessedBaseline
from components.contract import ConfigError
from components.pusher.ledger import Ledger
from components.pusher.push_record import RECORD_FILE, PushRecord
from pipeline.dag_runner import DagRunner
from pipeline.settings.beam_settings import BeamSettings
from tests.conftest import NobodyListens


def _model(uri: str) -> artifact.Artifact:
    model = standard_artifacts.Model()
    model.uri = uri
    return model


def _baseline(model_dir: Path, candidate: str) -> list[str]:
    inputs = {MODEL: [_model("a"), _model("b")], CANDIDATE: [_model(candidate)]}
    resolved = LatestBlessedBaseline(str(model_dir), "usual", 0).resolve_artifacts(None, inputs)  # type: ignore[arg-type]
    assert resolved is not None
    assert [model.uri for model in resolved[CANDIDATE]] == [candidate]
    return [model.uri for model in resolved[MODEL]]


def _produce(model_dir: Path, record: PushRecord) -> None:
    (model_dir / "1").mkdir(parents=True)
    (model_dir / "1" / "saved_model.pb").touch()
    record.write(model_dir / "1")


def test_there_is_none_before_the_first_push(tmp_path: Path) -> None:
    assert _baseline(tmp_path, "a") == []


def test_it_is_the_model_in_production(tmp_path: Path) -> None:
    _produce(tmp_path, PushRecord("a"))
    assert _baseline(tmp_path, "b") == ["a"]


def test_the_candidate_is_never_its_own_baseline(tmp_path: Path) -> None:
    _produce(tmp_path, PushRecord("a", baseline="b", evaluation="usual"))
    assert _baseline(tmp_path, "a") == ["b"]


def test_a_model_that_ml_metadata_does_not_know_is_not_replaced(tmp_path: Path) -> None:
    _produce(tmp_path, PushRecord("elsewhere"))
    with pytest.raises(ConfigError, match="ML Metadata does not know elsewhere"):
        _baseline(tmp_path, "b")


def test_a_damaged_model_is_nothing_to_compare_with(tmp_path: Path) -> None:
    production = _model(str(tmp_path / "model"))
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "variables").write_bytes(b"weights")
    output = ExecutorOutput()
    output.output_artifacts["model"].artifacts.append(production.mlmd_artifact)
    seal_outputs(output)
    production.set_mlmd_artifact(output.output_artifacts["model"].artifacts[0])
    _produce(tmp_path / "serving", PushRecord(production.uri))
    strategy = LatestBlessedBaseline(str(tmp_path / "serving"), "usual", 1)
    inputs = {MODEL: [production], CANDIDATE: [_model("b")]}
    assert strategy.resolve_artifacts(None, inputs) == inputs  # type: ignore[arg-type]
    (tmp_path / "model" / "variables").write_bytes(b"weighty")
    with pytest.raises(ConfigError, match="model is damaged.*compared with before it is pushed to .*serving"):
        strategy.resolve_artifacts(None, inputs)  # type: ignore[arg-type]
    # A candidate that is in production itself needs no comparison to stay there.
    PushRecord("b", baseline=production.uri, evaluation="usual").write(tmp_path / "serving" / "1")
    assert strategy.resolve_artifacts(None, inputs) == {**inputs, MODEL: []}  # type: ignore[arg-type]


def test_what_a_model_in_production_was_compared_with_may_be_forgotten(tmp_path: Path) -> None:
    _produce(tmp_path, PushRecord("a", baseline="elsewhere", evaluation="usual"))
    assert _baseline(tmp_path, "a") == []


def test_a_folder_that_was_taken_away_meanwhile_is_not_one_without_versions(tmp_path: Path) -> None:
    _produce(serving := tmp_path / "serving", PushRecord("a"))
    Ledger(2, ()).write(serving)  # Version 2 was taken back.
    strategy = LatestBlessedBaseline(str(serving), "usual", 2)
    inputs = {MODEL: [_model("a")], CANDIDATE: [_model("b")]}
    assert strategy.resolve_artifacts(None, inputs) == inputs  # type: ignore[arg-type]
    serving.rename(tmp_path / "elsewhere")
    with pytest.raises(ConfigError, match="serving knew version 2 when the run began.*Bring it back"):
        strategy.resolve_artifacts(None, inputs)  # type: ignore[arg-type]


class MadeUpExecutor(base_executor.BaseExecutor):
    """Makes a model of nothing."""

    def Do(
        self,
        input_dict: dict[str, list[artifact.Artifact]],
        output_dict: dict[str, list[artifact.Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        pass


class MadeUpSpec(component_spec.ComponentSpec):
    PARAMETERS: dict[str, component_spec.ExecutionParameter] = {}
    INPUTS: dict[str, component_spec.ChannelParameter] = {}
    OUTPUTS = {MODEL: component_spec.ChannelParameter(type=standard_artifacts.Model)}


class MadeUp(base_component.BaseComponent):
    SPEC_CLASS = MadeUpSpec
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(MadeUpExecutor)


@pytest.mark.parametrize(
    ("record", "reason"),
    [('{"model": "elsewhere"}', "ML Metadata does not know elsewhere"), ("half {", ".*push.json is damaged")],
)
def test_what_is_amiss_is_told_through_tfx(tmp_path: Path, record: str, reason: str) -> None:
    _produce(serving := tmp_path / "serving", PushRecord("a"))
    (serving / "1" / RECORD_FILE).write_text(record)
    candidate = MadeUp(MadeUpSpec(model=Channel(type=standard_artifacts.Model)))
    baseline = Resolver(
        LatestBlessedBaseline,
        {"model_dir": str(serving), "evaluation": "usual", "last_version": 1},
        **{MODEL: Channel(type=standard_artifacts.Model), CANDIDATE: candidate.outputs[MODEL]},
    )
    pipeline = Pipeline(
        pipeline_name="birds",
        pipeline_root=str(tmp_path / "artifacts"),
        components=[candidate, baseline],
        metadata_connection_config=metadata.sqlite_metadata_connection_config(str(tmp_path / "metadata")),
    )
    with pytest.raises(ConfigError, match=f"^{reason}"):
        DagRunner("run", BeamSettings(), NobodyListens()).run(pipeline)
