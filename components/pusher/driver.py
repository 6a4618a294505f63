"""Driver of the Pusher: a push depends on what is in production."""

from __future__ import annotations

from pathlib import Path

from tfx.orchestration.portable import data_types
from tfx.proto import pusher_pb2
from tfx.types import artifact_utils
from tfx.utils import proto_utils

from components.portable_driver import PortableDriver
from components.pusher.push_record import production

REPLACES = "replaces"


class Driver(PortableDriver):
    """Adds the version that this push replaces."""

    def added_properties(self, execution_info: data_types.ExecutionInfo) -> dict[str, str]:
        """Looks at the versions that are there."""
        model = artifact_utils.get_single_uri(execution_info.input_dict["model"])
        model_dir = model_dir_of(execution_info.exec_properties["push_destination"])
        return {REPLACES: str(production(model_dir).replaced_by(model))}


def model_dir_of(push_destination: str) -> Path:
    """The folder of versions in stock Pusher's JSON property."""
    destination = proto_utils.json_to_proto(push_destination, pusher_pb2.PushDestination())
    return Path(destination.filesystem.base_directory)
