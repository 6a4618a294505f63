"""Declaration of ClassBalanceValidator."""

from __future__ import annotations

from tfx.dsl.components.base import base_component, executor_spec
from tfx.types import artifact, channel, component_spec

from components.class_balance.driver import Driver
from components.class_balance.executor import Executor
from components.class_balance.settings import BalanceSettings
from components.image_folder.component import ImageDataReport


class ClassBalance(artifact.Artifact):
    """The counts of each class in each split, what has changed, and the verdict on both."""

    TYPE_NAME = "ImageClassBalance"


class ClassBalanceValidatorSpec(component_spec.ComponentSpec):
    """Properties, inputs and outputs of ClassBalanceValidator; the driver adds `previous`."""

    PARAMETERS = {
        "settings": component_spec.ExecutionParameter(type=str),
        "code": component_spec.ExecutionParameter(type=str),
    }
    INPUTS = {"data_report": component_spec.ChannelParameter(type=ImageDataReport)}
    OUTPUTS = {"balance": component_spec.ChannelParameter(type=ClassBalance)}


class ClassBalanceValidator(base_component.BaseComponent):
    """Fails the run when classes are too small or too unequal, or images too unlike the previous run's."""

    SPEC_CLASS = ClassBalanceValidatorSpec
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(Executor)
    DRIVER_CLASS = Driver

    def __init__(self, data_report: channel.BaseChannel, settings: BalanceSettings, code: str) -> None:
        """Declares the component.

        Args:
            data_report: output of ImageFolderExampleGen.
            settings: the limits.
            code: fingerprint of the code that judges; a new one invalidates cached results.
        """
        super().__init__(
            ClassBalanceValidatorSpec(
                data_report=data_report,
                settings=settings.model_dump_json(),
                code=code,
                balance=channel.Channel(type=ClassBalance),
            )
        )
