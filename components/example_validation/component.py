"""Declaration of ExampleValidator."""

from __future__ import annotations

from tfx.dsl.components.base import base_component, executor_spec
from tfx.types import channel, component_spec, standard_artifacts

from components.example_validation.executor import Executor


class ExampleValidatorSpec(component_spec.ComponentSpec):
    """Properties, inputs and outputs of ExampleValidator."""

    PARAMETERS = {"code": component_spec.ExecutionParameter(type=str)}
    INPUTS = {
        "statistics": component_spec.ChannelParameter(type=standard_artifacts.ExampleStatistics),
        "schema": component_spec.ChannelParameter(type=standard_artifacts.Schema),
    }
    OUTPUTS = {"anomalies": component_spec.ChannelParameter(type=standard_artifacts.ExampleAnomalies)}


class ExampleValidator(base_component.BaseComponent):
    """TFX's ExampleValidator, which moreover fails the run when any split has an anomaly."""

    SPEC_CLASS = ExampleValidatorSpec
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(Executor)

    def __init__(self, statistics: channel.BaseChannel, schema: channel.BaseChannel, code: str) -> None:
        """Declares the component.

        Args:
            statistics: output of StatisticsGen; every split is validated.
            schema: what to hold them against.
            code: fingerprint of the code that judges; a new one invalidates cached results.
        """
        super().__init__(
            ExampleValidatorSpec(
                statistics=statistics,
                schema=schema,
                code=code,
                anomalies=channel.Channel(type=standard_artifacts.ExampleAnomalies),
            )
        )
