"""What ingest writes: tf.Examples, TFRecords, and a manifest of what lies where."""
