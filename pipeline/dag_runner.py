"""Runs the pipeline on this machine, stage by stage, through TFX's own launcher."""

from __future__ import annotations

import contextlib
import time
from dataclasses import replace
from datetime import datetime
from typing import Protocol

import tensorflow as tf
from ml_metadata.proto import metadata_store_pb2
from tfx.dsl.compiler import constants
from tfx.orchestration import metadata
from tfx.orchestration.local import runner_utils
from tfx.orchestration.local.local_dag_runner import LocalDagRunner
from tfx.orchestration.portable import data_types, launcher, runtime_parameter_utils
from tfx.orchestration.portable.mlmd import execution_lib
from tfx.proto.orchestration import pipeline_pb2

from components.contract import ConfigError, DataError
from pipeline.config import Config
from pipeline.dag import create_pipeline
from pipeline.outcome import Artifacts, RunFailure, summarize_run
from pipeline.output_capture import log_traceback
from pipeline.run_page import with_page
from pipeline.summary import RunSummary, Stage, StageStatus
from pipeline.tuned_config import write_best_config
from pipeline.workspace import Workspace
from serving.first_line import first_line


class RunListener(Protocol):
    """Whoever shows people how a run goes."""

    def stage_started(self, name: str) -> None:
        """A stage begins."""

    def stage_finished(self, stage: Stage) -> None:
        """A stage ended, one way or another."""


class DagRunner(LocalDagRunner):
    """TFX's LocalDagRunner, which also tells how each stage went.

    Attributes:
        stages: those that were started, in order.
        artifacts: node id → output key → artifacts.
        launched: whether the pipeline was run at all.
    """

    def __init__(self, run_id: str, listener: RunListener) -> None:
        """Prepares a run.

        Args:
            run_id: recorded in ML Metadata.
            listener: told of each stage.
        """
        super().__init__()
        self._run_id = run_id
        self._listener = listener
        self.launched = False
        self.stages: list[Stage] = []
        self.artifacts: dict[str, Artifacts] = {}

    def run_with_ir(
        self, pipeline: pipeline_pb2.Pipeline, run_options: pipeline_pb2.RunOptions | None = None
    ) -> None:
        """Launches each node of a compiled pipeline in order.

        Raises:
            RuntimeError: a stage failed without raising.
            Exception: whatever a stage raised.
        """
        runtime_parameter_utils.substitute_runtime_parameter(
            pipeline, {constants.PIPELINE_RUN_ID_PARAMETER_NAME: self._run_id}
        )
        self.launched = True
        deployment = runner_utils.extract_local_deployment_config(pipeline)
        connection = deployment.metadata_connection_config
        connection_config = getattr(connection, connection.WhichOneof("connection_config"))
        for node in pipeline.nodes:
            node_id = node.pipeline_node.node_info.id
            self._listener.stage_started(node_id)
            started = time.perf_counter()
            try:
                stage_launcher = launcher.Launcher(
                    pipeline_node=node.pipeline_node,
                    mlmd_connection=metadata.Metadata(connection_config),
                    pipeline_info=pipeline.pipeline_info,
                    pipeline_runtime_spec=pipeline.runtime_spec,
                    executor_spec=runner_utils.extract_executor_spec(deployment, node_id),
                    custom_driver_spec=runner_utils.extract_custom_driver_spec(deployment, node_id),
                )
                execution = _launch(stage_launcher)
                with metadata.Metadata(connection_config) as store:
                    status = self._record(store, pipeline.pipeline_info.id, node_id, execution.execution_id)
            except BaseException:
                self._finish(Stage(node_id, "failed", time.perf_counter() - started))
                raise
            self._finish(Stage(node_id, status, time.perf_counter() - started))

    def _finish(self, stage: Stage) -> None:
        self.stages.append(stage)
        self._listener.stage_finished(stage)

    def _record(
        self, store: metadata.Metadata, pipeline_id: str, node_id: str, execution_id: int
    ) -> StageStatus:
        """Notes what the node put out; a push that was held back counts as `skipped`."""
        (execution,) = store.store.get_executions_by_id([execution_id])
        if not execution_lib.is_execution_successful(execution):
            raise RuntimeError(f"{node_id} could not be run; ML Metadata has it as failed.")
        self.artifacts[node_id] = execution_lib.get_output_artifacts(store, execution_id)
        if _is_resolver(store, execution):
            # TFX asks a resolver anew in every run. It is as good as cached
            # when the answer is that of the last run.
            cached = self._as_last_time(store, pipeline_id, node_id, execution_id)
        else:
            cached = execution.last_known_state == metadata_store_pb2.Execution.CACHED
        if cached:
            return "cached"
        pushes = self.artifacts[node_id].get("pushed_model", [])
        return "ran" if all(push.get_int_custom_property("pushed") for push in pushes) else "skipped"

    def _as_last_time(
        self, store: metadata.Metadata, pipeline_id: str, node_id: str, execution_id: int
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
            for outputs in (execution_lib.get_output_artifacts(store, max(earlier)), self.artifacts[node_id])
        )
        return before == now


def run_pipeline(
    config: Config, workspace: Workspace, run_id: str, listener: RunListener, *, use_cache: bool = True
) -> RunSummary | None:
    """Runs the pipeline and sums it up; a stage that fails is part of the summary.

    Returns None when the pipeline was looked at but not run: `tfx pipeline
    create` replaces `run` of TFX's LocalDagRunner to learn the pipeline's name.

    Args:
        config: as `pipeline.preflight.resolve` completed it.
        workspace: the caller has it to itself.
        run_id: from `new_run_id`.
        listener: told of each stage.
        use_cache: whether unchanged stages are skipped.
    """
    began = datetime.now().astimezone()
    run_dir = workspace.run_dir(run_id)
    runner = DagRunner(run_id, listener)
    node_ids: list[str] = []
    failure: RunFailure | None = None
    try:
        pipeline = create_pipeline(config, workspace, use_cache=use_cache)
        node_ids = [component.id for component in pipeline.components]
        runner.run(pipeline)
    except DataError as error:
        failure = RunFailure("invalid_data", str(error))
    except ConfigError as error:
        failure = RunFailure("failed", str(error), usage=True)
    except Exception as error:
        if "KeyboardInterrupt" in str(error):  # Beam wraps it in an error of its own.
            raise KeyboardInterrupt from error
        log_traceback()
        stage = runner.stages[-1].name if runner.stages else "the pipeline"
        failure = RunFailure("failed", f"{stage} failed: {type(error).__name__}: {first_line(str(error))}")
    if failure is None and not runner.launched:
        return None
    summary = summarize_run(
        run_id=run_id,
        config=config,
        node_ids=node_ids,
        stages=runner.stages,
        artifacts=runner.artifacts,
        failure=failure,
        log=run_dir / "log.txt",
    )
    summary = replace(summary, tuned=write_best_config(config, runner.artifacts, run_dir))
    if runner.stages:
        summary = with_page(
            summary,
            config=config,
            run_dir=run_dir,
            began=began,
            artifacts=runner.artifacts,
        )
    with contextlib.suppress(OSError):  # On a full disk the screen has to do.
        summary.write(run_dir / "summary.json")
    return summary


def _launch(stage_launcher: launcher.Launcher) -> data_types.ExecutionInfo:
    """Launches a node with AutoGraph off.

    Neither this project's functions nor TFMA's metrics branch on tensors in
    Python, but AutoGraph would rewrite the source of all they call, for
    seconds in the Trainer and in the Evaluator.
    """
    return tf.autograph.experimental.do_not_convert(stage_launcher.launch)()


def _is_resolver(store: metadata.Metadata, execution: metadata_store_pb2.Execution) -> bool:
    (execution_type,) = store.store.get_execution_types_by_id([execution.type_id])
    return str(execution_type.name).endswith(".Resolver")
