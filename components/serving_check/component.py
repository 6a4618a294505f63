"""Declaration of ServingCheck."""

from __future__ import annotations

from tfx.dsl.components.base import base_component, executor_spec
from tfx.types import channel, component_spec, standard_artifacts

from components.serving_check.executor import Executor
from components.serving_check.settings import ServingCheckSettings


class ServingCheckSpec(component_spec.ComponentSpec):
    """Properties, inputs and outputs of ServingCheck."""

    PARAMETERS = {
        "settings": component_spec.ExecutionParameter(type=str),
        "code": component_spec.ExecutionParameter(type=str),
    }
    INPUTS = {"model": component_spec.ChannelParameter(type=standard_artifacts.Model)}
    OUTPUTS = {"blessing": component_spec.ChannelParameter(type=standard_artifacts.InfraBlessing)}


class ServingCheck(base_component.BaseComponent):
    """Blesses a model that can be served and answers what training computed.

    TFX's InfraValidator asks for Docker or Kubernetes; this one needs
    neither, and the Pusher honours its blessing in the same way.
    """

    SPEC_CLASS = ServingCheckSpec
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(Executor)

    def __init__(self, model: channel.BaseChannel, settings: ServingCheckSettings, code: str) -> None:
        """Declares the component.

        Args:
            model: output of the Trainer.
            settings: tolerance and time limit.
            code: fingerprint of the code that checks; a new one invalidates cached results.
        """
        super().__init__(
            ServingCheckSpec(
                model=model,
                settings=settings.model_dump_json(),
                code=code,
                blessing=channel.Channel(type=standard_artifacts.InfraBlessing),
            )
        )
