"""The transform graph as a function on a batch of encoded images."""

from __future__ import annotations

import tensorflow as tf
import tensorflow_transform as tft

from components.contract import IMAGE_ENCODED, IMAGE_PIXELS


class TransformGraph(tf.Module):
    """What the Transform component froze; a module, so that an export tracks it."""

    def __init__(self, directory: str) -> None:
        """Loads the graph.

        Args:
            directory: of the TransformGraph artifact.
        """
        super().__init__()
        output = tft.TFTransformOutput(directory)
        self._raw_features = output.raw_feature_spec()
        # Not TFT's own layer for this: it is a Keras 2 model, which takes
        # seconds to trace and brings all of that with it into an export.
        self._graph = tf.saved_model.load(output.transform_savedmodel_dir)

    def __call__(self, encoded: tf.Tensor) -> tf.Tensor:
        """Decodes and resizes a batch.

        Args:
            encoded: string [N], image files' bytes.

        Returns:
            float32 [N, size, size, 3] of whole numbers from 0 to 255.
        """
        count = tf.shape(encoded)[0]
        features = {
            name: tf.zeros((count, *feature.shape), feature.dtype)
            for name, feature in self._raw_features.items()
        }
        # The graph asks for every raw feature; the pixels depend on this one.
        features[IMAGE_ENCODED] = tf.expand_dims(encoded, -1)
        return self._graph.transform_fn(features)[IMAGE_PIXELS]
