"""Executor of the Pusher."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tfx.components.pusher import executor as stock
from tfx.types import artifact, artifact_utils

from components.contract import PUSHED_MODEL_ID
from components.pusher.driver import REPLACES, model_dir_of
from components.pusher.publish import publish
from components.pusher.push_record import PushRecord


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
        model = artifact_utils.get_single_instance(input_dict["model"])
        model_dir = model_dir_of(exec_properties["push_destination"])
        record = PushRecord(model.uri, int(exec_properties[REPLACES]))
        version = publish(Path(self.GetModelPath(input_dict)), model_dir, record)
        pushed.set_int_custom_property(PUSHED_MODEL_ID, model.id)
        self._MarkPushed(
            pushed, pushed_destination=str(model_dir / str(version)), pushed_version=str(version)
        )
