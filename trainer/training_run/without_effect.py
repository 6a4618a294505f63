"""Settings that go together in such a way that one of them does nothing."""

from __future__ import annotations

from trainer.augmentation.augment import without_mixing
from trainer.settings import TrainingSettings
from trainer.training_run.epochs import cap_epochs


def without_effect(settings: TrainingSettings) -> str | None:
    """Finds augmentation that no phase sees which training gets to, and views of which all are the same.

    Args:
        settings: how the model is trained.

    Returns:
        A sentence on what does nothing and what would change that; None where there is no such thing.
    """
    epochs_of = cap_epochs([phase.epochs for phase in settings.phases], settings.epochs)
    on_features = [
        phase.trainable.head_only for phase, epochs in zip(settings.phases, epochs_of, strict=True) if epochs
    ]
    if not on_features:
        return None  # Where nothing is trained, that is not what is amiss.
    views = settings.feature_views
    if views > 1 and not any(on_features):
        return f"training.feature_views is {views}, but no phase trains only the head"
    if views > 1 and not without_mixing(settings.augmentation).chosen_ops:
        return (
            f"training.feature_views is {views}, but training.augmentation has no op that would make views "
            "differ"
        )
    if views == 1 and all(on_features) and settings.augmentation.chosen_ops:
        return (
            "training.augmentation changes nothing: phases that train only the head see each image as it is, "
            "unless training.feature_views is above 1"
        )
    return None
