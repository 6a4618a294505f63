"""The transform graph as a function on a batch of encoded images."""

from __future__ import annotations

import tensorflow as tf
import tensorflow_transform as tft

from components.contract import IMAGE_ENCODED, IMAGE_PIXELS


class TransformGraph(tf.Module):  # type: ignore[misc]
    """What the Transform component froze; a module, so that an export tracks it."""

    def __init__(self, directory: str) -> None:
        """Loads the graph.

        Args:
            directory: of the TransformGraph artifact.
        """
        super().__init__()
        self._layer = tft.TFTransformOutput(directory).transform_features_layer()

    def __call__(self, encoded: tf.Tensor) -> tf.Tensor:
        """Decodes and resizes a batch.

        Args:
            encoded: string [N], image files' bytes.

        Returns:
            float32 [N, size, size, 3] of whole numbers from 0 to 255.
        """
        return self._layer({IMAGE_ENCODED: tf.expand_dims(encoded, -1)})[IMAGE_PIXELS]
