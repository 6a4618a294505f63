"""StatisticsGen's executor."""

from __future__ import annotations

from tfx.components.statistics_gen import executor

from components.dataflow.staged_executor import StagedExecutor


class Executor(StagedExecutor, executor.Executor):
    """TFX's own, on Dataflow on copies of its artifacts."""
