"""Driver of ImageFolderExampleGen: decides what a cached result depends on."""

from __future__ import annotations

import json
from pathlib import Path

from tfx.orchestration.portable import data_types

from components.image_folder.folder_scan import fingerprint, labels_of, scan_folder
from components.image_folder.label_map import extend_labels
from components.portable_driver import PortableDriver
from components.pusher.ledger import Ledger

FINGERPRINT = "input_fingerprint"
LABELS = "labels"


class Driver(PortableDriver):
    """Adds the folder's fingerprint and the label file.

    So ingest runs again when a file or a label has changed, and only then.
    """

    def added_properties(self, execution_info: data_types.ExecutionInfo) -> dict[str, str]:
        """Scans the folder; raises what `scan_folder` and `extend_labels` raise."""
        properties = execution_info.exec_properties
        files = scan_folder(Path(properties["images"]))
        labels = extend_labels(Ledger.read(Path(properties["model_dir"])).labels, labels_of(files))
        return {FINGERPRINT: fingerprint(files), LABELS: json.dumps(labels)}
