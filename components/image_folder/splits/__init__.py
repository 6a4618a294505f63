"""Which split an image belongs to."""
