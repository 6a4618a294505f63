"""From TFRecord shards to batches of pixels."""
