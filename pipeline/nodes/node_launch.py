"""One node of a compiled pipeline, through TFX's own launcher; the same wherever it runs."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import tensorflow as tf
from ml_metadata.proto import metadata_store_pb2
from tfx.dsl.compiler import compiler, constants
from tfx.orchestration import metadata
from tfx.orchestration.local import runner_utils
from tfx.orchestration.pipeline import Pipeline
from tfx.orchestration.portable import cache_utils, data_types, launcher, runtime_parameter_utils
from tfx.orchestration.portable.mlmd import execution_lib
from tfx.proto.orchestration import pipeline_pb2

from components.artifact_seals import is_unbroken
from components.contract import ConfigError
from components.progress import report_progress
from pipeline.nodes.beam_options import beam_options
from pipeline.nodes.compiled_nodes import find_node
from pipeline.nodes.executor_start import executor_operators
from pipeline.nodes.metadata_connection import Connection
from pipeline.settings.beam_settings import BeamSettings

if TYPE_CHECKING:
    from pipeline.results.outcome import Artifacts
    from pipeline.results.summary import StageStatus


@dataclass(frozen=True)
class NodeOutcome:
    """What came of a node.

    Attributes:
        status: `ran`, `cached`, or `skipped` for a push that was held back.
        artifacts: output key → artifacts.
    """

    status: StageStatus
    artifacts: Artifacts


def compile_ir(pipeline: Pipeline) -> pipeline_pb2.Pipeline:
    """TFX's intermediate representation of a pipeline, with the run's id still open."""
    ir: pipeline_pb2.Pipeline = compiler.Compiler().compile(pipeline)
    return ir


def set_run_id(ir: pipeline_pb2.Pipeline, run_id: str) -> None:
    """Fills in by what name ML Metadata knows the run."""
    runtime_parameter_utils.substitute_runtime_parameter(
        ir, {constants.PIPELINE_RUN_ID_PARAMETER_NAME: run_id}
    )


def local_connection(ir: pipeline_pb2.Pipeline) -> Connection:
    """The connection to ML Metadata that the pipeline was compiled with."""
    named = runner_utils.extract_local_deployment_config(ir).metadata_connection_config
    connection: Connection = getattr(named, named.WhichOneof("connection_config"))
    return connection


def load_executor(ir: pipeline_pb2.Pipeline, node_id: str) -> None:
    """Imports a node's executor, as `launch_node` would."""
    deployment = runner_utils.extract_local_deployment_config(ir)
    executor_spec = runner_utils.extract_executor_spec(deployment, node_id)
    if executor_spec is not None:
        launcher.DEFAULT_EXECUTOR_OPERATORS[type(executor_spec)](executor_spec)


def launch_node(
    ir: pipeline_pb2.Pipeline,
    node_id: str,
    connection: Connection,
    beam: BeamSettings,
    executor_starts: Callable[[], None] = lambda: None,
) -> NodeOutcome:
    """Runs a node, unless its outputs are known, and publishes what it puts out.

    Args:
        ir: compiled, with the run's id set.
        node_id: of the node; those before it have succeeded.
        connection: to ML Metadata.
        beam: where the node runs, if it is one of Beam's.
        executor_starts: is called just before the node's executor, or resolver, is; not for a cached node.

    Raises:
        RuntimeError: the node failed without raising.
        Exception: whatever the node raised.
    """
    deployment = runner_utils.extract_local_deployment_config(ir)
    executor_spec = runner_utils.extract_executor_spec(deployment, node_id)
    stage_launcher = launcher.Launcher(
        pipeline_node=find_node(ir, node_id),
        mlmd_connection=metadata.Metadata(connection),
        pipeline_info=ir.pipeline_info,
        pipeline_runtime_spec=ir.runtime_spec,
        executor_spec=executor_spec,
        custom_driver_spec=runner_utils.extract_custom_driver_spec(deployment, node_id),
        custom_executor_operators=executor_operators(executor_starts, beam_options(beam, node_id)),
    )
    if executor_spec is None:  # TFX's launcher asks resolvers itself.
        executor_starts()
    execution = _launch(stage_launcher)
    return published(ir, node_id, execution.execution_id, connection)


def published(
    ir: pipeline_pb2.Pipeline, node_id: str, execution_id: int, connection: Connection
) -> NodeOutcome:
    """What an execution of a node put out.

    Raises:
        RuntimeError: it did not succeed.
        ConfigError: a resolver raised one.
    """
    with metadata.Metadata(connection) as store:
        return _outcome(store, ir.pipeline_info.id, node_id, execution_id)


def _outcome(store: metadata.Metadata, pipeline_id: str, node_id: str, execution_id: int) -> NodeOutcome:
    (execution,) = store.store.get_executions_by_id([execution_id])
    if not execution_lib.is_execution_successful(execution):
        raise _noted_error(execution, node_id)
    artifacts = execution_lib.get_output_artifacts(store, execution_id)
    if _is_resolver(store, execution):
        # TFX asks a resolver anew in every run. It is as good as cached
        # when the answer is that of the last run.
        cached = _as_last_time(store, pipeline_id, node_id, execution_id, artifacts)
    else:
        cached = execution.last_known_state == metadata_store_pb2.Execution.CACHED
    if cached:
        return NodeOutcome("cached", artifacts)
    pushes = artifacts.get("pushed_model", [])
    held_back = not all(push.get_int_custom_property("pushed") for push in pushes)
    return NodeOutcome("skipped" if held_back else "ran", artifacts)


def _as_last_time(
    store: metadata.Metadata, pipeline_id: str, node_id: str, execution_id: int, artifacts: Artifacts
) -> bool:
    context = store.store.get_context_by_type_and_name("node", f"{pipeline_id}.{node_id}")
    earlier = [
        execution.id
        for execution in store.store.get_executions_by_context(context.id)
        if execution.id < execution_id
    ]
    if not earlier:
        return False
    before, now = (
        {key: [artifact.id for artifact in found] for key, found in outputs.items()}
        for outputs in (execution_lib.get_output_artifacts(store, max(earlier)), artifacts)
    )
    return before == now


def _launch(stage_launcher: launcher.Launcher) -> data_types.ExecutionInfo:
    """Launches a node with AutoGraph off, and what is in the cache looked at before it is used.

    Neither this project's functions nor TFMA's metrics branch on tensors in
    Python, but AutoGraph would rewrite the source of all they call, for
    seconds in the Trainer and in the Evaluator.
    """
    with _unbroken_cache():
        return tf.autograph.experimental.do_not_convert(stage_launcher.launch)()


@contextmanager
def _unbroken_cache() -> Iterator[None]:
    """Has damaged results made anew: TFX only asks whether their folders exist, and has no hook for more."""
    find = cache_utils.get_cached_outputs

    def find_unbroken(**asked: Any) -> Artifacts | None:
        found: Artifacts | None = find(**asked)
        for artifact in (each for made in (found or {}).values() for each in made):
            if not is_unbroken(artifact):
                report_progress(f"{artifact.uri} is damaged, so it is made anew")
                return None
        return found

    cache_utils.get_cached_outputs = find_unbroken
    try:
        yield
    finally:
        cache_utils.get_cached_outputs = find


def _noted_error(execution: metadata_store_pb2.Execution, node_id: str) -> Exception:
    """Why an execution failed: TFX's launcher catches what resolvers raise, and notes the traceback."""
    noted = execution.custom_properties["__execution_result__"].string_value
    traceback = json.loads(noted).get("resultMessage", "") if noted else ""
    told = f"{ConfigError.__module__}.{ConfigError.__qualname__}: "
    for line in traceback.split("\n"):  # It may have a cause, and TFX raises errors of its own behind it.
        if line.startswith(told):
            return ConfigError(line.removeprefix(told))
    # The first error is the cause of those behind it.
    first = traceback.partition("\n\nThe above exception was")[0].rstrip().rpartition("\n")[2]
    return RuntimeError(f"{node_id} could not be run: {first or 'ML Metadata has it as failed'}.")


def _is_resolver(store: metadata.Metadata, execution: metadata_store_pb2.Execution) -> bool:
    (execution_type,) = store.store.get_execution_types_by_id([execution.type_id])
    return str(execution_type.name).endswith(".Resolver")
