"""What TensorBoard shows of a run."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from PIL import Image

from trainer.training_run.history import History


class Curves(keras.callbacks.TensorBoard):
    """Curves of all phases on one axis, whose steps are the epochs of the run, from 1.

    It comes after History in the list of callbacks.
    """

    def __init__(self, folder: Path, history: History) -> None:
        """Writes nothing yet.

        Args:
            folder: of the logs.
            history: has a row for each epoch.
        """
        super().__init__(log_dir=folder, write_graph=False)
        self._history = history

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Adds a point to each curve."""
        super().on_epoch_end(len(self._history.rows), logs)

    def on_test_end(self, logs: dict[str, Any] | None = None) -> None:
        """Leaves out Keras' curves over the optimizer's steps, which begin anew in each phase."""
        super().on_test_end({})


def log_pictures(folder: Path, pictures: Mapping[str, Image.Image]) -> None:
    """Adds pictures to the logs.

    Args:
        folder: of the logs.
        pictures: name → picture, RGB.
    """
    writer = tf.summary.create_file_writer(str(folder / "validation"))
    with writer.as_default(step=0):
        for name, picture in pictures.items():
            tf.summary.image(name, np.asarray(picture)[None])
    writer.close()
