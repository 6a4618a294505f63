"""Which stages a configuration has, and which of them wait for which."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path

from pipeline.config import Config
from pipeline.workspace import Workspace


def stage_graph(config: Config) -> Mapping[str, tuple[str, ...]]:
    """Stage → the stages that it waits for; in an order in which they can be run.

    Args:
        config: with images or without: nothing is read.
    """
    from pipeline.dag import create_pipeline
    from pipeline.nodes.node_launch import compile_ir

    # The declaration would read it, and it lies where the pods see it. It makes no other stages.
    data = config.data.model_copy(update={"schema_file": None})
    with tempfile.TemporaryDirectory() as folder:
        ir = compile_ir(create_pipeline(config.model_copy(update={"data": data}), Workspace(Path(folder))))
    return {
        node.pipeline_node.node_info.id: tuple(sorted(node.pipeline_node.upstream_nodes)) for node in ir.nodes
    }
