"""Driver of ImageFolderExampleGen: decides what a cached result depends on."""

from __future__ import annotations

import json
from pathlib import Path

from tfx.orchestration.portable import data_types

from components.image_folder.label_map import extend_labels
from components.image_folder.list_images import list_images
from components.image_folder.listing import fingerprint
from components.image_folder.settings import DataSettings
from components.portable_driver import PortableDriver
from components.pusher.ledger import Ledger

FINGERPRINT = "input_fingerprint"
LABELS = "labels"


class Driver(PortableDriver):
    """Adds the folder's fingerprint and the label file.

    So ingest runs again when a file or a label has changed, and only then.
    """

    def added_properties(self, execution_info: data_types.ExecutionInfo) -> dict[str, str]:
        """Scans the folder; raises what `list_images` and `extend_labels` raise."""
        properties = execution_info.exec_properties
        settings = DataSettings.model_validate_json(properties["settings"])
        listing = list_images(settings.model_copy(update={"images": properties["images"]}))
        labels = extend_labels(Ledger.read(Path(properties["model_dir"])).labels, listing.labels)
        return {FINGERPRINT: fingerprint(listing), LABELS: json.dumps(labels)}
