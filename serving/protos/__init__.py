"""The part of TensorFlow Serving's wire format that the client speaks, without TensorFlow."""
