"""Pictures of what the trained model says of the eval split."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from components.contract import CONFUSION_MATRIX_FILE, MISCLASSIFIED_FILE
from components.progress import report_progress
from trainer.answer_views import predicted_probabilities
from trainer.images.batches import steps_an_epoch
from trainer.images.pixel_store import PixelStore
from trainer.settings import TestTimeAugmentation
from trainer.training_run.confusion_picture import confusion_counts, confusion_picture
from trainer.training_run.mistakes_sheet import mistakes_sheet
from trainer.training_run.tensorboard import log_pictures


def write_evaluation_pictures(
    model: keras.Model,
    pixels: PixelStore,
    names: Sequence[str],
    batch_size: int,
    augmentation: TestTimeAugmentation,
    run_dir: Path,
    logs: Path,
) -> None:
    """Writes `confusion_matrix.png` and `misclassified.png`, and adds both to TensorBoard's logs.

    Args:
        model: pixels float32 [N, size, size, 3] → probabilities.
        pixels: of the eval split, of the model's size.
        names: of the classes.
        batch_size: images at a time.
        augmentation: views that answers are the mean over, as those of the exported model are.
        run_dir: where the pictures go.
        logs: folder of TensorBoard's logs.
    """
    count = len(pixels.labels)
    if not count:
        return
    report_progress("looking at what is misclassified")
    probabilities = np.concatenate(
        [
            predicted_probabilities(model, tf.constant(pixels.read(indices), tf.float32), augmentation)
            for indices in np.array_split(np.arange(count), steps_an_epoch(count, batch_size))
        ]
    )
    counts = confusion_counts(pixels.labels, probabilities.argmax(1), len(names))
    pictures = {
        CONFUSION_MATRIX_FILE: confusion_picture(counts, names),
        MISCLASSIFIED_FILE: mistakes_sheet(pixels, probabilities, names),
    }
    for name, picture in pictures.items():
        picture.save(run_dir / name)
    log_pictures(logs, {Path(name).stem: picture for name, picture in pictures.items()})
