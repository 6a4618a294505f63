"""TFX's ways to run an executor, which also tell when it starts and where Beam runs, and seal outputs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from google.protobuf.message import Message
from ml_metadata.proto.metadata_store_pb2 import Value
from tfx.orchestration.portable.base_executor_operator import BaseExecutorOperator
from tfx.orchestration.portable.beam_executor_operator import BeamExecutorOperator
from tfx.orchestration.portable.data_types import ExecutionInfo
from tfx.orchestration.portable.python_executor_operator import PythonExecutorOperator
from tfx.proto.orchestration.executable_spec_pb2 import BeamExecutableSpec, PythonClassExecutableSpec
from tfx.proto.orchestration.execution_result_pb2 import ExecutorOutput
from tfx.proto.orchestration.placeholder_pb2 import PlaceholderExpression

from components.artifact_seals import seal_outputs


def executor_operators(
    executor_starts: Callable[[], None], beam_options: Sequence[str]
) -> Mapping[type[Message], Callable[..., BaseExecutorOperator]]:
    """Executor operators for TFX's launcher, by the kind of executor.

    Args:
        executor_starts: is called just before the executor is.
        beam_options: for executors on Beam. In the pipeline itself TFX would take them for something that
            results depend on, and do everything anew on another engine, or with one more worker.
    """
    return {
        PythonClassExecutableSpec: partial(_TellingPython, executor_starts),
        BeamExecutableSpec: partial(_TellingBeam, executor_starts, beam_options),
    }


class _TellingPython(PythonExecutorOperator):
    def __init__(self, executor_starts: Callable[[], None], **spec: Any) -> None:
        super().__init__(**spec)
        self._executor_starts = executor_starts

    def run_executor(self, execution_info: ExecutionInfo) -> ExecutorOutput:
        self._executor_starts()
        output = super().run_executor(execution_info)
        seal_outputs(output)
        return output


class _TellingBeam(BeamExecutorOperator):
    def __init__(self, executor_starts: Callable[[], None], beam_options: Sequence[str], **spec: Any) -> None:
        super().__init__(**spec)
        self._executor_starts = executor_starts
        self.beam_pipeline_args += [
            PlaceholderExpression(value=Value(string_value=option)) for option in beam_options
        ]

    def run_executor(self, execution_info: ExecutionInfo, *beam: Any, **more: Any) -> ExecutorOutput:
        self._executor_starts()
        output = super().run_executor(execution_info, *beam, **more)
        seal_outputs(output)
        return output
