"""Declaration of ImageFolderExampleGen."""

from __future__ import annotations

from tfx.dsl.components.base import base_beam_component, executor_spec
from tfx.types import artifact, channel, component_spec, standard_artifacts

from components.image_folder.driver import Driver
from components.image_folder.executor import Executor
from components.image_folder.settings import DataSettings


class ImageDataReport(artifact.Artifact):
    """All that ingest found out about the images; see `components.image_folder.data_report`."""

    TYPE_NAME = "ImageDataReport"


class ImageFolderExampleGenSpec(component_spec.ComponentSpec):
    """Properties and outputs of ImageFolderExampleGen; the driver adds the two it resolves."""

    PARAMETERS = {
        "settings": component_spec.ExecutionParameter(type=str),
        "model_dir": component_spec.ExecutionParameter(type=str),
        "code": component_spec.ExecutionParameter(type=str),
    }
    INPUTS: dict[str, component_spec.ChannelParameter] = {}
    OUTPUTS = {
        "examples": component_spec.ChannelParameter(type=standard_artifacts.Examples),
        "data_report": component_spec.ChannelParameter(type=ImageDataReport),
    }


class ImageFolderExampleGen(base_beam_component.BaseBeamComponent):
    """Turns labelled images into TFRecord shards of tf.Examples.

    Output `examples` has the splits train, eval and test, with the features
    named in `components.contract`, the label file and the manifests; output
    `data_report` says all that was found out about the images.
    """

    SPEC_CLASS = ImageFolderExampleGenSpec
    EXECUTOR_SPEC = executor_spec.BeamExecutorSpec(Executor)
    DRIVER_CLASS = Driver

    def __init__(self, settings: DataSettings, model_dir: str, code: str) -> None:
        """Declares the component.

        Args:
            settings: which images, what is checked, how they are divided.
            model_dir: where versions of the model are pushed; the newest one's labels keep their ids.
            code: fingerprint of the code that ingests; a new one invalidates cached results.
        """
        super().__init__(
            ImageFolderExampleGenSpec(
                settings=settings.model_dump_json(exclude={"schema_file"}),
                model_dir=model_dir,
                code=code,
                examples=channel.Channel(type=standard_artifacts.Examples),
                data_report=channel.Channel(type=ImageDataReport),
            )
        )
