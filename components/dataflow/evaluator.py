"""The Evaluator's executor."""

from __future__ import annotations

from tfx.components.evaluator import executor

from components.dataflow.staged_executor import StagedExecutor


class Executor(StagedExecutor, executor.Executor):
    """TFX's own, on Dataflow on copies of its artifacts."""
