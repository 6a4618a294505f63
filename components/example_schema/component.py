"""Declaration of ExampleSchemaGen."""

from __future__ import annotations

from tfx.dsl.components.base import base_component, executor_spec
from tfx.types import channel, component_spec, standard_artifacts

from components.example_schema.executor import Executor


class ExampleSchemaGenSpec(component_spec.ComponentSpec):
    """Properties, inputs and outputs of ExampleSchemaGen."""

    PARAMETERS = {
        "curated": component_spec.ExecutionParameter(type=str),
        "code": component_spec.ExecutionParameter(type=str),
    }
    INPUTS = {"examples": component_spec.ChannelParameter(type=standard_artifacts.Examples)}
    OUTPUTS = {"schema": component_spec.ChannelParameter(type=standard_artifacts.Schema)}


class ExampleSchemaGen(base_component.BaseComponent):
    """Writes down what every record has to look like.

    TFX's SchemaGen would take whatever the statistics show for right, and
    find no fault with any data. This schema comes from what ingest promises,
    or from somebody who knows the data.
    """

    SPEC_CLASS = ExampleSchemaGenSpec
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(Executor)

    def __init__(self, examples: channel.BaseChannel, curated: str, code: str) -> None:
        """Declares the component.

        Args:
            examples: output of ImageFolderExampleGen, with its label file.
            curated: text of a schema to use as it is; empty for the one that follows from the label file.
                The text and not its path, so that an edited file is not mistaken for what is cached.
            code: fingerprint of the code that makes the schema; a new one invalidates cached results.
        """
        super().__init__(
            ExampleSchemaGenSpec(
                examples=examples,
                curated=curated,
                code=code,
                schema=channel.Channel(type=standard_artifacts.Schema),
            )
        )
