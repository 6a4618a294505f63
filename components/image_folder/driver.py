"""Driver of ImageFolderExampleGen: decides what a cached result depends on."""

from __future__ import annotations

import json
from pathlib import Path

from tfx.dsl.components.base import base_driver as component_driver
from tfx.orchestration import metadata
from tfx.orchestration.portable import base_driver, data_types
from tfx.proto.orchestration import driver_output_pb2

from components.image_folder.folder_scan import fingerprint, labels_of, scan_folder
from components.image_folder.label_map import extend_labels, published_labels

FINGERPRINT = "input_fingerprint"
LABELS = "labels"


class Driver(component_driver.BaseDriver, base_driver.BaseDriver):
    """Adds the folder's fingerprint and the label file to the execution's properties.

    TFX looks a cached result up by all of them, so ingest runs again when a
    file or a label has changed, and only then. Components accept only drivers of the older of TFX's two
    kinds, and the launcher runs only the newer, so this is both.
    """

    def __init__(self, metadata_handle: metadata.Metadata) -> None:
        """Called by the launcher."""
        component_driver.BaseDriver.__init__(self, metadata_handle)
        base_driver.BaseDriver.__init__(self, metadata_handle)

    def run(self, execution_info: data_types.ExecutionInfo) -> driver_output_pb2.DriverOutput:
        """Resolves the properties; raises what `scan_folder` and `extend_labels` raise."""
        properties = execution_info.exec_properties
        files = scan_folder(Path(properties["images"]))
        labels = extend_labels(published_labels(Path(properties["model_dir"])), labels_of(files))
        output = driver_output_pb2.DriverOutput()
        for name, value in (
            *properties.items(),
            (FINGERPRINT, fingerprint(files)),
            (LABELS, json.dumps(labels)),
        ):
            output.exec_properties[name].string_value = value
        return output
