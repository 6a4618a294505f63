"""Names that two or more parts of the pipeline must agree on. Standard library only.

The feature keys follow the TensorFlow Model Garden's convention for image
classification records.
"""

from __future__ import annotations

from typing import Final

# tf.Example features written by ingest, one record an image.
IMAGE_ENCODED: Final = "image/encoded"  # bytes: the file's own wherever they are usable
IMAGE_FORMAT: Final = "image/format"  # bytes: "JPEG", "PNG", "GIF" or "BMP"
IMAGE_HEIGHT: Final = "image/height"  # int64, pixels
IMAGE_WIDTH: Final = "image/width"  # int64, pixels
IMAGE_CHANNELS: Final = "image/channels"  # int64, as stored in the file
IMAGE_FILENAME: Final = "image/filename"  # bytes: path relative to the root, with "/"
IMAGE_SHA256: Final = "image/key/sha256"  # bytes: hex digest of image/encoded
CLASS_TEXT: Final = "image/class/text"  # bytes: label name
CLASS_LABEL: Final = "image/class/label"  # int64: position in the label file

# Produced by the Transform graph from image/encoded.
IMAGE_PIXELS: Final = "image/pixels"  # float32 [size, size, 3], whole numbers from 0 to 255

TRAIN: Final = "train"
EVAL: Final = "eval"
TEST: Final = "test"
SPLITS: Final = (TRAIN, EVAL, TEST)

# Files inside the Examples artifact.
LABELS_FILE: Final = "labels.txt"
SPLIT_COUNTS_FILE: Final = "split_counts.json"

# File inside the data-verdict artifact.
DATA_VERDICT_FILE: Final = "data_verdict.json"

# File inside the data-report artifact.
DATA_REPORT_FILE: Final = "data_report.json"

# File inside the Schema artifact.
SCHEMA_FILE: Final = "schema.pbtxt"

# File inside the class-balance artifact.
BALANCE_REPORT_FILE: Final = "class_balance.json"

# Files inside the Model artifact, beside the SavedModel.
KERAS_MODEL_FILE: Final = "model.keras"
# The same inside a pushed version, where model servers pass it over: training can start from what is in
# production when the artifact that it came from is gone.
PUSHED_KERAS_MODEL: Final = f"assets.extra/{KERAS_MODEL_FILE}"
GOLDEN_ANSWERS_FILE: Final = "golden_answers.tfrecord"
# Feature of a golden answer: what the model said in training's own process.
GOLDEN_PROBABILITIES: Final = "probabilities"

# Files inside the ModelRun artifact.
HISTORY_FILE: Final = "history.csv"
CONFUSION_MATRIX_FILE: Final = "confusion_matrix.png"
MISCLASSIFIED_FILE: Final = "misclassified.png"

# File inside the InfraBlessing artifact.
SERVING_CHECK_REPORT_FILE: Final = "serving_check.json"

# Custom property of a PushedModel artifact: 1 when the execution published a version, 0 when the
# model was in production already.
NEWLY_PUBLISHED: Final = "newly_published"


class UserError(Exception):
    """Something the user can mend; its text is the whole message they see."""


class ConfigError(UserError):
    """The command line or the configuration asks for something impossible."""


class DataError(UserError):
    """The images do not pass validation."""


class UnreachableError(ConnectionError):
    """A server that is needed does not answer, and may later; its text is the whole message they see."""
