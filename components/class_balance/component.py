"""Declaration of ClassBalanceValidator."""

from __future__ import annotations

from tfx.dsl.components.base import base_component, executor_spec
from tfx.types import artifact, channel, component_spec, standard_artifacts

from components.class_balance.executor import Executor
from components.class_balance.settings import BalanceSettings


class ClassBalance(artifact.Artifact):
    """The counts of each class in each split, and the verdict on them."""

    TYPE_NAME = "ImageClassBalance"


class ClassBalanceValidatorSpec(component_spec.ComponentSpec):
    """Properties, inputs and outputs of ClassBalanceValidator."""

    PARAMETERS = {
        "settings": component_spec.ExecutionParameter(type=str),
        "code": component_spec.ExecutionParameter(type=str),
    }
    INPUTS = {"examples": component_spec.ChannelParameter(type=standard_artifacts.Examples)}
    OUTPUTS = {"balance": component_spec.ChannelParameter(type=ClassBalance)}


class ClassBalanceValidator(base_component.BaseComponent):
    """Fails the run when a class is too small, missing from a split, or dwarfed by another."""

    SPEC_CLASS = ClassBalanceValidatorSpec
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(Executor)

    def __init__(self, examples: channel.BaseChannel, settings: BalanceSettings, code: str) -> None:
        """Declares the component.

        Args:
            examples: output of ImageFolderExampleGen.
            settings: the limits.
            code: fingerprint of the code that judges; a new one invalidates cached results.
        """
        super().__init__(
            ClassBalanceValidatorSpec(
                examples=examples,
                settings=settings.model_dump_json(),
                code=code,
                balance=channel.Channel(type=ClassBalance),
            )
        )
