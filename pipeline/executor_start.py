"""TFX's ways to run an executor, which also tell when it starts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from google.protobuf.message import Message
from tfx.orchestration.portable.base_executor_operator import BaseExecutorOperator
from tfx.orchestration.portable.beam_executor_operator import BeamExecutorOperator
from tfx.orchestration.portable.data_types import ExecutionInfo
from tfx.orchestration.portable.python_executor_operator import PythonExecutorOperator
from tfx.proto.orchestration.executable_spec_pb2 import BeamExecutableSpec, PythonClassExecutableSpec
from tfx.proto.orchestration.execution_result_pb2 import ExecutorOutput


def telling_operators(
    executor_starts: Callable[[], None],
) -> Mapping[type[Message], Callable[..., BaseExecutorOperator]]:
    """Executor operators for TFX's launcher, by the kind of executor.

    Args:
        executor_starts: is called just before the executor is.
    """
    return {
        PythonClassExecutableSpec: partial(_TellingPython, executor_starts),
        BeamExecutableSpec: partial(_TellingBeam, executor_starts),
    }


class _TellingPython(PythonExecutorOperator):
    def __init__(self, executor_starts: Callable[[], None], **spec: Any) -> None:
        super().__init__(**spec)
        self._executor_starts = executor_starts

    def run_executor(self, execution_info: ExecutionInfo) -> ExecutorOutput:
        self._executor_starts()
        return super().run_executor(execution_info)


class _TellingBeam(BeamExecutorOperator):
    def __init__(self, executor_starts: Callable[[], None], **spec: Any) -> None:
        super().__init__(**spec)
        self._executor_starts = executor_starts

    def run_executor(self, execution_info: ExecutionInfo, *beam: Any, **more: Any) -> ExecutorOutput:
        self._executor_starts()
        return super().run_executor(execution_info, *beam, **more)
