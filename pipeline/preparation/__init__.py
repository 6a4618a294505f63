"""What is filled in and looked at before TensorFlow and TFX are loaded."""
