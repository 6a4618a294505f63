"""The transform graph as a function on a batch of encoded images."""

from __future__ import annotations

import tensorflow as tf
import tensorflow_transform as tft

from trainer.preprocessing import ENCODED, PIXELS


class TransformGraph(tf.Module):
    """What the Transform component froze; a module, so that an export tracks it."""

    def __init__(self, directory: str) -> None:
        """Loads the graph.

        Args:
            directory: of the TransformGraph artifact.
        """
        super().__init__()
        saved = tf.saved_model.load(tft.TFTransformOutput(directory).transform_savedmodel_dir)
        frozen = saved.transform_fn.graph.as_graph_def()
        whole = tf.compat.v1.wrap_function(lambda: tf.graph_util.import_graph_def(frozen, name=""), [])
        # Only the way from files to pixels, as bytes: the other raw features would have to be made up,
        # and floats that are made bytes again took a tenth of the time of decoding.
        self._pixels = whole.prune(f"{ENCODED}:0", f"{PIXELS}:0")

    def __call__(self, encoded: tf.Tensor) -> tf.Tensor:
        """Decodes and resizes a batch.

        Args:
            encoded: string [N], image files' bytes.

        Returns:
            uint8 [N, size, size, 3].
        """
        return self._pixels(encoded)
