"""Random changes to training images: an ordered list of ops, each with its own strength and probability."""
