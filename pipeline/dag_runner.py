"""Runs the pipeline on this machine, stage by stage, through TFX's own launcher."""

from __future__ import annotations

import contextlib
import time
from dataclasses import replace
from datetime import datetime
from typing import Protocol

from tfx.orchestration.local.local_dag_runner import LocalDagRunner
from tfx.proto.orchestration import pipeline_pb2

from components.contract import ConfigError, DataError
from pipeline.config import Config
from pipeline.dag import create_pipeline
from pipeline.nodes.compiled_nodes import node_ids
from pipeline.nodes.node_launch import launch_node, local_connection, set_run_id
from pipeline.output_capture import log_traceback
from pipeline.results.outcome import Artifacts, RunFailure, failure_of, summarize_run
from pipeline.results.summary import RunSummary, Stage
from pipeline.results.tuned_config import write_best_config
from pipeline.run_files import RunFiles
from pipeline.run_report.run_page import with_page
from pipeline.settings.beam_settings import BeamSettings
from pipeline.workspace import Workspace
from trainer.last_training import last_training


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

    def __init__(self, run_id: str, beam: BeamSettings, listener: RunListener) -> None:
        """Prepares a run.

        Args:
            run_id: recorded in ML Metadata.
            beam: where Beam's stages run.
            listener: told of each stage.
        """
        super().__init__()
        self._run_id = run_id
        self._beam = beam
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
        set_run_id(pipeline, self._run_id)
        self.launched = True
        connection = local_connection(pipeline)
        for node_id in node_ids(pipeline):
            self._listener.stage_started(node_id)
            started = time.perf_counter()
            try:
                outcome = launch_node(pipeline, node_id, connection, self._beam)
            except BaseException:
                self._finish(Stage(node_id, "failed", time.perf_counter() - started))
                raise
            self.artifacts[node_id] = outcome.artifacts
            self._finish(Stage(node_id, outcome.status, time.perf_counter() - started))

    def _finish(self, stage: Stage) -> None:
        self.stages.append(stage)
        self._listener.stage_finished(stage)


def run_pipeline(
    config: Config, workspace: Workspace, run_id: str, listener: RunListener, *, use_cache: bool = True
) -> RunSummary | None:
    """Runs the pipeline and sums it up; a stage that fails is part of the summary.

    Returns None when the pipeline was looked at but not run: `tfx pipeline
    create` replaces `run` of TFX's LocalDagRunner to learn the pipeline's name.

    Args:
        config: as `pipeline.preparation.preflight.resolve` completed it.
        workspace: the caller has it to itself.
        run_id: from `new_run_id`.
        listener: told of each stage.
        use_cache: whether unchanged stages are skipped.
    """
    began = datetime.now().astimezone()
    run_dir = workspace.run_dir(run_id)
    runner = DagRunner(run_id, config.beam, listener)
    with contextlib.suppress(OSError):  # The log says what else there is no room for.
        RunFiles(workspace, run_id).write_config(config)
    names: list[str] = []
    failure: RunFailure | None = None
    try:
        if not use_cache:
            last_training(workspace.cache, config.name).unlink(missing_ok=True)
        pipeline = create_pipeline(config, workspace, use_cache=use_cache)
        names = [component.id for component in pipeline.components]
        runner.run(pipeline)
    except (DataError, ConfigError) as error:
        failure = failure_of(error, "the pipeline")
    except Exception as error:
        if "KeyboardInterrupt" in str(error):  # Beam wraps it in an error of its own.
            raise KeyboardInterrupt from error
        log_traceback()
        stage = runner.stages[-1].name if runner.stages else "the pipeline"
        failure = failure_of(error, stage)
    if failure is None and not runner.launched:
        return None
    summary = summarize_run(
        run_id=run_id,
        config=config,
        model_dir=workspace.model_dir(config.name),
        node_ids=names,
        stages=runner.stages,
        artifacts=runner.artifacts,
        failure=failure,
        log=run_dir / "log.txt",
        push_again="Push again with --no-cache.",
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
