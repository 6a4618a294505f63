"""One file a format: what its header says."""
