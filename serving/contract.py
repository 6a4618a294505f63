"""What an exported model promises its callers. Standard library only."""

from __future__ import annotations

from pathlib import Path
from typing import Final

# serving_default: encoded image files in, answers out.
SERVING_DEFAULT: Final = "serving_default"
IMAGE_BYTES: Final = "image_bytes"  # string [N]

PROBABILITIES: Final = "probabilities"  # float32 [N, C], in label-file order
LABEL: Final = "label"  # string [N], the most probable label
PROBABILITY: Final = "probability"  # float32 [N], of that label
ACCEPTED: Final = "accepted"  # bool [N], probability >= the reject threshold
TOP_LABELS: Final = "top_labels"  # string [N, K], most probable first
TOP_PROBABILITIES: Final = "top_probabilities"  # float32 [N, K]

# serve_examples: serialized tf.Examples with image/encoded in, probabilities out.
SERVE_EXAMPLES: Final = "serve_examples"
EXAMPLES: Final = "examples"  # string [N]

# Files inside the SavedModel directory.
LABELS_ASSET: Final = "assets/labels.txt"
WARMUP_REQUESTS: Final = "assets.extra/tf_serving_warmup_requests"
SAVED_MODEL_FILE: Final = "saved_model.pb"


# The highest version: TensorFlow Serving reads them as signed numbers of 64 bits.
LAST_VERSION: Final = 2**63 - 1


def version_number(folder_name: str) -> int | None:
    """The version that TensorFlow Serving takes a folder of this name for; None for none.

    Zeros before the number change nothing.
    """
    number = int(folder_name) if folder_name.isascii() and folder_name.isdecimal() else None
    return number if number is not None and number <= LAST_VERSION else None


def version_folders(model_dir: Path) -> dict[int, Path]:
    """Finds the complete versions below `model_dir`, and the folder of each, oldest first.

    One without a saved_model.pb is still being written. One that may not be entered counts as complete: it is
    for whoever reads it to say that they cannot.
    """
    if not model_dir.is_dir():
        return {}
    # By name as well, so that of 1 and 01 it is always the same one.
    folders = sorted(
        (number, entry)
        for entry in model_dir.iterdir()
        if (number := version_number(entry.name)) is not None and _holds_model(entry)
    )
    return dict(folders)


def _holds_model(folder: Path) -> bool:
    try:
        return (folder / SAVED_MODEL_FILE).is_file()
    except PermissionError:
        return True
