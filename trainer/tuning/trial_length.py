"""How much of the training a trial gets to. Pure Python."""

from __future__ import annotations

from typing import Any

from trainer.augmentation.settings import AugmentationSettings
from trainer.model.settings import HeadSettings, ModelSettings
from trainer.settings import TrainingSettings
from trainer.training_run.epochs import cap_epochs
from trainer.tunable_settings import TunableSettings


def most_epochs(training: TrainingSettings, max_epochs: int | None) -> int | None:
    """After how many epochs in all a trial is cut off; None for never.

    Args:
        training: of the trial.
        max_epochs: `tuning.max_epochs`.
    """
    return min((cut for cut in (training.epochs, max_epochs) if cut is not None), default=None)


def what_counts(settings: TunableSettings, max_epochs: int | None) -> TunableSettings:
    """The settings that a trial comes to: equal for two that train the same.

    Args:
        settings: of the trial.
        max_epochs: `tuning.max_epochs`.

    Returns:
        The phases that it gets to, each with what holds for it; what none of them looks at is the default.
    """
    return TunableSettings(
        model=_model_that_counts(settings.model),
        training=_training_that_counts(settings.training, max_epochs),
    )


def _model_that_counts(model: ModelSettings) -> ModelSettings:
    if any(not each.spec.ends_dense for each in model.backbones):
        return model
    # There is no feature map to pool.
    return model.model_copy(
        update={"head": model.head.model_copy(update={"pooling": HeadSettings().pooling})}
    )


def _training_that_counts(training: TrainingSettings, max_epochs: int | None) -> TrainingSettings:
    epochs_of = cap_epochs([phase.epochs for phase in training.phases], most_epochs(training, max_epochs))
    phases = tuple(
        phase.model_copy(
            update={
                "epochs": epochs,
                "schedule": phase.schedule or training.schedule,
                "optimizer": phase.optimizer or training.optimizer,
            }
        )
        for phase, epochs in zip(training.phases, epochs_of, strict=True)
        if epochs
    )
    on_features = [phase.trainable.head_only for phase in phases]
    plain = TrainingSettings()
    unseen: dict[str, Any] = {
        "epochs": plain.epochs,
        "schedule": plain.schedule,
        "optimizer": plain.optimizer,
        "augmentation": _augmentation_that_counts(training.augmentation),
    }
    if not any(on_features):
        unseen["feature_views"] = plain.feature_views
    elif all(on_features) and training.feature_views == 1:
        unseen["augmentation"] = AugmentationSettings()
    return training.model_copy(update={**unseen, "phases": phases})


def _augmentation_that_counts(augmentation: AugmentationSettings) -> AugmentationSettings:
    """The ops, whoever chose them; without any, nothing comes in from outside the image either."""
    ops = augmentation.chosen_ops
    return AugmentationSettings(ops=ops, fill_mode=augmentation.fill_mode) if ops else AugmentationSettings()
