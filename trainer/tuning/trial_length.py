"""How much of the training a trial gets to. Pure Python."""

from __future__ import annotations

from typing import Any

from trainer.augmentation.settings import AugmentationSettings
from trainer.settings import TrainingSettings
from trainer.training_run.epochs import cap_epochs


def most_epochs(training: TrainingSettings, max_epochs: int | None) -> int | None:
    """After how many epochs in all a trial is cut off; None for never.

    Args:
        training: of the trial.
        max_epochs: `tuning.max_epochs`.
    """
    return min((cut for cut in (training.epochs, max_epochs) if cut is not None), default=None)


def what_counts(training: TrainingSettings, max_epochs: int | None) -> TrainingSettings:
    """The settings that a trial comes to: equal for two that train the same.

    Args:
        training: of the trial.
        max_epochs: `tuning.max_epochs`.

    Returns:
        The phases that it gets to, each with what holds for it; what none of them looks at is the default.
    """
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
    }
    if not any(on_features):
        unseen["feature_views"] = plain.feature_views
    elif all(on_features) and training.feature_views == 1:
        unseen["augmentation"] = AugmentationSettings()
    return training.model_copy(update={**unseen, "phases": phases})
