"""The nodes of a compiled pipeline."""

from __future__ import annotations

from tfx.proto.orchestration import pipeline_pb2


def node_ids(ir: pipeline_pb2.Pipeline) -> list[str]:
    """The nodes' ids, in an order in which they can be run."""
    return [node.pipeline_node.node_info.id for node in ir.nodes]


def find_node(ir: pipeline_pb2.Pipeline, node_id: str) -> pipeline_pb2.PipelineNode:
    """The node of that id.

    Raises:
        KeyError: there is none.
    """
    for node in ir.nodes:
        if node.pipeline_node.node_info.id == node_id:
            return node.pipeline_node
    raise KeyError(node_id)
