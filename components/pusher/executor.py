"""Executor of the Pusher."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tfx.components.evaluator import constants
from tfx.components.pusher import executor as stock
from tfx.types import artifact, artifact_utils

from components.contract import NEWLY_PUBLISHED, ConfigError
from components.pusher.driver import REPLACES, model_dir_of
from components.pusher.publish import publish
from components.pusher.push_record import Production, PushRecord, production, pushed_by
from components.pusher.sole_push import sole_push
from serving.contract import version_folders


class Executor(stock.Executor):
    """Stock Pusher's bookkeeping around `publish`.

    The stock executor pushes, with a warning, when a blessing is not
    connected; this one does not push. A model that is in production already
    is not pushed once more, nor what an earlier attempt in the same run pushed,
    nor one that was compared with something else than what is in production.
    """

    def Do(
        self,
        input_dict: dict[str, list[artifact.Artifact]],
        output_dict: dict[str, list[artifact.Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Publishes the model, or records that it was not pushed.

        Raises:
            ConfigError: what is in production has changed since the model was compared with it, or new labels
                have been published since it got its own.
        """
        pushed = artifact_utils.get_single_instance(output_dict["pushed_model"])
        blessed = input_dict.get("model_blessing") and input_dict.get("infra_blessing")
        if not blessed or not self.CheckBlessing(input_dict):
            self._MarkNotPushed(pushed)
            return
        model_dir = model_dir_of(exec_properties["push_destination"])
        with sole_push(model_dir):
            version, newly_published = self._push(input_dict, model_dir, exec_properties)
            folder = version_folders(model_dir)[version]
        pushed.set_int_custom_property(NEWLY_PUBLISHED, int(newly_published))
        self._MarkPushed(pushed, pushed_destination=str(folder), pushed_version=str(version))

    def _push(
        self, input_dict: dict[str, list[artifact.Artifact]], model_dir: Path, exec_properties: dict[str, Any]
    ) -> tuple[int, bool]:
        """The version that the model is in production as, and whether this run has published it."""
        model = artifact_utils.get_single_uri(input_dict["model"])
        run = self._context.pipeline_run_id
        current = production(model_dir)
        version = pushed_by(model_dir, run)
        if version is not None or current.holds(model):
            return (current.version, False) if version is None else (version, True)
        compared_with = input_dict["model_blessing"][0].get_string_custom_property(
            constants.ARTIFACT_PROPERTY_BASELINE_MODEL_URI_KEY
        )
        _require_compared(current, compared_with)
        evaluation = json.loads(exec_properties["custom_config"])["evaluation"]
        record = PushRecord(model, int(exec_properties[REPLACES]), compared_with, evaluation, run)
        return publish(Path(self.GetModelPath(input_dict)), model_dir, record), True


def _require_compared(current: Production, compared_with: str) -> None:
    """Runs may go on side by side, and people take versions back while one is under way."""
    in_production = current.record.model if current.record is not None else ""
    if in_production != compared_with:
        raise ConfigError(
            f"The model was compared with {compared_with or 'nothing'}, and meanwhile "
            f"{_described(current)} is in production, so it is not pushed. Run it again."
        )


def _described(current: Production) -> str:
    if current.version == 0:
        return f"nothing in {current.folder}"
    made_of = f", which is {current.record.model}," if current.record is not None else ""
    return f"{current.folder}{made_of}"
