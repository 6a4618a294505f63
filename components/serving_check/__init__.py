"""ServingCheck: asks the exported model as TensorFlow Serving would, before it is pushed."""
