"""Executor of the Pusher."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tfx.components.pusher import executor as stock
from tfx.proto import pusher_pb2
from tfx.types import artifact, artifact_utils
from tfx.utils import proto_utils

from components.pusher.publish import publish


class Executor(stock.Executor):
    """Stock Pusher's bookkeeping around `publish`.

    The stock executor pushes, with a warning, when a blessing is not
    connected; this one does not push.
    """

    def Do(
        self,
        input_dict: dict[str, list[artifact.Artifact]],
        output_dict: dict[str, list[artifact.Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Publishes the model, or records that it was not pushed."""
        pushed = artifact_utils.get_single_instance(output_dict["pushed_model"])
        blessed = input_dict.get("model_blessing") and input_dict.get("infra_blessing")
        if not blessed or not self.CheckBlessing(input_dict):
            self._MarkNotPushed(pushed)
            return
        destination = proto_utils.json_to_proto(
            exec_properties["push_destination"], pusher_pb2.PushDestination()
        )
        model_dir = Path(destination.filesystem.base_directory)
        version = publish(Path(self.GetModelPath(input_dict)), model_dir)
        self._MarkPushed(
            pushed, pushed_destination=str(model_dir / str(version)), pushed_version=str(version)
        )
