"""Declaration of the Pusher: TFX's own, with an executor that publishes atomically."""

from __future__ import annotations

from tfx.components.pusher import component as stock
from tfx.dsl.components.base import executor_spec
from tfx.proto import pusher_pb2
from tfx.types import channel

from components.pusher.driver import Driver
from components.pusher.executor import Executor


class Pusher(stock.Pusher):
    """Pushes a model that both the Evaluator and the ServingCheck have blessed."""

    DRIVER_CLASS = Driver
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(Executor)

    def __init__(
        self,
        model: channel.BaseChannel,
        model_blessing: channel.BaseChannel,
        infra_blessing: channel.BaseChannel,
        model_dir: str,
        evaluation: str,
    ) -> None:
        """Declares the component; unlike the stock one, it asks for both blessings.

        Args:
            model: output of the Trainer.
            model_blessing: output of the Evaluator.
            infra_blessing: output of the ServingCheck.
            model_dir: where a model server looks for versions.
            evaluation: settings of the evaluation, as JSON; recorded with the version.
        """
        filesystem = pusher_pb2.PushDestination.Filesystem(base_directory=model_dir)
        super().__init__(
            model=model,
            model_blessing=model_blessing,
            infra_blessing=infra_blessing,
            push_destination=pusher_pb2.PushDestination(filesystem=filesystem),
            custom_config={"evaluation": evaluation},
        )
