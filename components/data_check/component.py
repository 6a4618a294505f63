"""Declaration of DataCheck."""

from __future__ import annotations

from tfx.dsl.components.base import base_component, executor_spec
from tfx.types import artifact, channel, component_spec

from components.data_check.executor import Executor
from components.image_folder.component import ImageDataReport


class ImageDataVerdict(artifact.Artifact):
    """Exists only for images that violate nothing."""

    TYPE_NAME = "ImageDataVerdict"


class DataCheckSpec(component_spec.ComponentSpec):
    """Properties, inputs and outputs of DataCheck."""

    PARAMETERS = {"code": component_spec.ExecutionParameter(type=str)}
    INPUTS = {"data_report": component_spec.ChannelParameter(type=ImageDataReport)}
    OUTPUTS = {"verdict": component_spec.ChannelParameter(type=ImageDataVerdict)}


class DataCheck(base_component.BaseComponent):
    """Fails the run when the images violate a policy or a limit.

    It is a stage of its own, so that ingest's report of what is wrong outlives the refusal.
    """

    SPEC_CLASS = DataCheckSpec
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(Executor)

    def __init__(self, data_report: channel.BaseChannel, code: str) -> None:
        """Declares the component.

        Args:
            data_report: output of ImageFolderExampleGen.
            code: fingerprint of the code that judges; a new one invalidates cached results.
        """
        super().__init__(
            DataCheckSpec(data_report=data_report, code=code, verdict=channel.Channel(type=ImageDataVerdict))
        )
