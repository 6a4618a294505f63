"""What the Trainer of a small run is asked."""

from __future__ import annotations

from pathlib import Path

from tests.conftest import Trial
from trainer.model.settings import ModelSettings
from trainer.settings import ServingSettings, TrainingSettings
from trainer.train_request import TrainRequest


def stripes_request(trial: Trial, folder: Path, training: TrainingSettings) -> TrainRequest:
    """A small network on the examples of a run that was made before.

    Args:
        trial: has the examples and the transform graph.
        folder: where everything goes.
        training: how.
    """
    examples = trial.artifact("ImageFolderExampleGen", "examples")
    return TrainRequest(
        name="stripes",
        model=ModelSettings(backbone="small_cnn", weights="none", image_size=16),
        training=training,
        serving=ServingSettings(),
        seed=0,
        labels=("across", "down", "plain"),
        train_pattern=str(examples / "Split-train" / "*"),
        eval_pattern=str(examples / "Split-eval" / "*"),
        train_counts=(24, 24, 24),
        transform_dir=str(trial.artifact("Transform", "transform_graph")),
        saved_model_dir=folder / "model" / "Format-Serving",
        run_dir=folder / "run",
        cache_dir=folder / "cache",
        code="code",
        preprocessing="preprocessing",
    )
