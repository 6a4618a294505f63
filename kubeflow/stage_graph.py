"""Which stages a configuration has, and which of them wait for which."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path

from components.contract import ConfigError
from pipeline.config import Config
from pipeline.workspace import Workspace


def stage_graph(config: Config) -> Mapping[str, tuple[str, ...]]:
    """Stage → the stages that it waits for; in an order in which they can be run.

    Args:
        config: with images or without: nothing is read.

    Raises:
        ConfigError: `data.schema_file` or what else the declaration reads is not there.
    """
    from pipeline.dag import create_pipeline
    from pipeline.node_launch import compile_ir

    if config.data.schema_file is not None and not Path(config.data.schema_file).is_file():
        raise ConfigError(f"data.schema_file: there is no file {config.data.schema_file}.")
    with tempfile.TemporaryDirectory() as folder:
        ir = compile_ir(create_pipeline(config, Workspace(Path(folder))))
    return {
        node.pipeline_node.node_info.id: tuple(sorted(node.pipeline_node.upstream_nodes)) for node in ir.nodes
    }
