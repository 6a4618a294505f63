"""What ML Metadata knows of earlier attempts at a stage in the same run.

It is asked through its own library: a pod that finds its stage done loads neither TFX nor TensorFlow.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from ml_metadata import ListOptions
from ml_metadata.proto.metadata_store_pb2 import Execution
from tfx.proto.orchestration import pipeline_pb2

from pipeline.nodes.compiled_nodes import find_node
from pipeline.nodes.metadata_connection import Connection, open_metadata

_SUCCEEDED: Final = (Execution.COMPLETE, Execution.CACHED)


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
    store = open_metadata(connection)
    contexts = [
        store.get_context_by_type_and_name(context.type.name, context.name.field_value.string_value)
        for context in find_node(ir, stage).contexts.contexts
    ]
    if None in contexts:
        return None
    # Those of pipeline, run and node; an execution that has all of them is of this node in this run.
    in_all = " AND ".join(f"contexts_{number}.id = {context.id}" for number, context in enumerate(contexts))
    found = store.get_executions(ListOptions(filter_query=in_all))
    if not found:
        return None
    latest = max(found, key=lambda execution: execution.id)
    milliseconds = latest.last_update_time_since_epoch - latest.create_time_since_epoch
    return Attempt(latest.id, latest.last_known_state in _SUCCEEDED, milliseconds / 1000)
