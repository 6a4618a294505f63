"""What ML Metadata knows of earlier attempts at a stage in the same run."""

from __future__ import annotations

from dataclasses import dataclass

from tfx.orchestration import metadata
from tfx.orchestration.portable.mlmd import context_lib, execution_lib
from tfx.proto.orchestration import pipeline_pb2

from pipeline.node_launch import Connection, NodeOutcome, find_node, outcome_of


@dataclass(frozen=True)
class Attempt:
    """An attempt at a stage.

    Attributes:
        execution_id: in ML Metadata; TFX gives all attempts of a run the same.
        succeeded: whether its outputs are published.
        seconds: from its registration to its last change.
    """

    execution_id: int
    succeeded: bool
    seconds: float


def earlier_attempt(ir: pipeline_pb2.Pipeline, stage: str, connection: Connection) -> Attempt | None:
    """The attempt at a stage in this run; None when there was none.

    Args:
        ir: compiled, with the run's id set.
        stage: its name in the pipeline.
        connection: to ML Metadata.
    """
    with metadata.Metadata(connection) as store:
        contexts = context_lib.prepare_contexts(store, find_node(ir, stage).contexts)
        found = execution_lib.get_executions_associated_with_all_contexts(store, contexts)
    if not found:
        return None
    latest = max(found, key=lambda execution: execution.id)
    milliseconds = latest.last_update_time_since_epoch - latest.create_time_since_epoch
    return Attempt(latest.id, execution_lib.is_execution_successful(latest), milliseconds / 1000)


def published(
    ir: pipeline_pb2.Pipeline, stage: str, execution_id: int, connection: Connection
) -> NodeOutcome:
    """What a stage that succeeded put out."""
    with metadata.Metadata(connection) as store:
        return outcome_of(store, ir.pipeline_info.id, stage, execution_id)
