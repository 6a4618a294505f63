"""Declaration of ImageFolderExampleGen."""

from __future__ import annotations

from tfx.dsl.components.base import base_beam_component, executor_spec
from tfx.types import channel, component_spec, standard_artifacts

from components.image_folder.driver import Driver
from components.image_folder.executor import Executor
from components.image_folder.settings import DataSettings


class ImageFolderExampleGenSpec(component_spec.ComponentSpec):
    """Properties and outputs of ImageFolderExampleGen; the driver adds the two it resolves."""

    PARAMETERS = {
        "images": component_spec.ExecutionParameter(type=str),
        "settings": component_spec.ExecutionParameter(type=str),
        "model_dir": component_spec.ExecutionParameter(type=str),
        "code": component_spec.ExecutionParameter(type=str),
    }
    INPUTS: dict[str, component_spec.ChannelParameter] = {}
    OUTPUTS = {"examples": component_spec.ChannelParameter(type=standard_artifacts.Examples)}


class ImageFolderExampleGen(base_beam_component.BaseBeamComponent):
    """Turns a folder of class folders into TFRecord shards of tf.Examples.

    Output `examples` has the splits train, eval and test, with the features
    named in `components.contract`, the label file and the ingest report.
    """

    SPEC_CLASS = ImageFolderExampleGenSpec
    EXECUTOR_SPEC = executor_spec.BeamExecutorSpec(Executor)
    DRIVER_CLASS = Driver

    def __init__(self, images: str, settings: DataSettings, model_dir: str, code: str) -> None:
        """Declares the component.

        Args:
            images: absolute path of the folder.
            settings: how to divide the images, and how many may be unusable.
            model_dir: where versions of the model are pushed; the newest one's labels keep their ids.
            code: fingerprint of the code that ingests; a new one invalidates cached results.
        """
        super().__init__(
            ImageFolderExampleGenSpec(
                images=images,
                settings=settings.model_dump_json(exclude={"images", "schema_file"}),
                model_dir=model_dir,
                code=code,
                examples=channel.Channel(type=standard_artifacts.Examples),
            )
        )
