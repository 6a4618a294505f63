"""Driver of ImageFolderExampleGen: decides what a cached result depends on."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

from tfx.orchestration.portable import data_types

from components.image_folder.files.list_images import list_images
from components.image_folder.settings import DataSettings
from components.image_folder.workers.content_fingerprint import attempt_at, content_fingerprint
from components.image_folder.workers.reuse import IngestKey, earlier_ingest
from components.label_map import extend_labels
from components.portable_driver import PortableDriver
from components.pusher.ledger import Ledger

FINGERPRINT = "input_fingerprint"
FINDINGS = "listing_findings"
ATTEMPT = "attempt"
LABELS = "labels"


class Driver(PortableDriver):
    """Adds the folder's fingerprint, what was passed over in it, and the label file.

    So ingest runs again when one of them has changed, and only then.
    """

    def added_properties(self, execution_info: data_types.ExecutionInfo) -> dict[str, str]:
        """Lists the images; raises what `list_images` and `extend_labels` raise."""
        properties = execution_info.exec_properties
        settings = DataSettings.model_validate_json(properties["settings"])
        listing = list_images(settings)
        key = IngestKey.of(listing, settings, properties["code"], properties["model_dir"])
        earlier = earlier_ingest(self._examples_dirs(), key)
        published = Ledger.read(Path(properties["model_dir"])).labels
        passed_over = repr((listing.layout, listing.spans, listing.findings))
        return {
            FINGERPRINT: content_fingerprint(listing, earlier),
            FINDINGS: hashlib.sha256(passed_over.encode()).hexdigest(),
            ATTEMPT: attempt_at(listing, earlier),
            LABELS: json.dumps(
                extend_labels(published, listing.labels, pinned=settings.labels.file is not None)
            ),
        }

    def _examples_dirs(self) -> Iterator[Path]:
        """Folders of earlier Examples artifacts, as far as ML Metadata knows where they are kept."""
        with self._metadata_handle as metadata:
            known = metadata.store.get_artifacts_by_type("Examples")
        for folder in {Path(examples.uri).parent for examples in known}:
            if folder.is_dir():
                yield from folder.iterdir()
